import type { AnyCommand } from "../commandLine/commander.js";
import { examples } from "../commandLine/examples.js";
import type { Program } from "../commandLine/bareProgram.js";
import { withTraits } from "../commandLine/traits.js";

/** Adds `help`. Commander's own would answer a misspelt command with the help of the whole program. */
export function addHelp(program: Program): void {
  program.helpCommand(false);
  withTraits(program.command("help"), {
    writes: false,
    deletes: false,
    json: [],
  })
    .description("show what a command is for, and how it is used")
    .argument("[command...]")
    .addHelpText(...examples("help purge", "help runs watch"))
    .action(async (words) => {
      let found: AnyCommand | undefined = program;
      for (const word of words) {
        found = found?.commands.find((command) => command.name() === word);
      }
      if (found) found.help();
      // The parser says what is wrong with the words.
      await program.parseAsync(words, { from: "user" });
    });
}
