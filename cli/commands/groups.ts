import type { Command } from "commander";

/** What commander does for a command without an action, and leaves out of its types. */
type Misspelt = Command & { unknownCommand(): never };

/** Alone, a group of commands does what this one of them does. */
export function byDefault(group: Command, name: string): void {
  group
    .helpCommand(true)
    .allowExcessArguments()
    .action(async (_options, { args }: Command) => {
      if (args.length > 0) (group as Misspelt).unknownCommand();
      await group.parseAsync([name], { from: "user" });
    });
}
