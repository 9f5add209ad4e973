import type { AnyCommand } from "./commander.js";

/** What commander does for a command without an action, and leaves out of its types. */
type Misspelt = AnyCommand & { unknownCommand(): never };

/** Alone, a group of commands does what this one of them does. */
export function byDefault(group: AnyCommand, name: string): void {
  group
    .helpCommand(true)
    .allowExcessArguments()
    .action(async () => {
      if (group.args.length > 0) (group as Misspelt).unknownCommand();
      await group.parseAsync([name], { from: "user" });
    });
}
