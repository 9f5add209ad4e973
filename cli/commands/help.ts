import type { Command } from "commander";
import { withExamples } from "./arguments.js";

/** Commander's own would answer a misspelt command with the help of the whole program. */
export function addHelpCommand(program: Command): void {
  withExamples(
    program
      .helpCommand(false)
      .command("help")
      .description("show what a command is for, and how it is used")
      .argument("[command...]"),
    "help purge",
    "help runs watch",
  ).action(async (words: string[]) => {
    let found: Command | undefined = program;
    for (const word of words) {
      found = found?.commands.find((command) => command.name() === word);
    }
    if (found) found.help();
    // Which says what is wrong with it.
    await program.parseAsync(words, { from: "user" });
  });
}
