import type { AnyCommand } from "./commander.js";

/** A command with the method that commander calls where there is no action, and leaves out of its types. */
type Misspelt = AnyCommand & { unknownCommand(): never };

/** Makes a group of commands, given alone, do what the named one of them does. */
export function byDefault(group: AnyCommand, name: string): void {
  group
    .helpCommand(true)
    .allowExcessArguments()
    .action(async () => {
      if (group.args.length > 0) (group as Misspelt).unknownCommand();
      await group.parseAsync([name], { from: "user" });
    });
}
