import { Argument } from "../commandLine/commander.js";
import { examples } from "../commandLine/examples.js";
import type { Program } from "../commandLine/bareProgram.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addCompletion(program: Program, context: CliContext): void {
  withTraits(program.command("completion"), {
    writes: false,
    deletes: false,
    json: [],
  })
    .description("print a script that completes commands and options")
    .addArgument(
      new Argument("<shell>", "the shell it is for").choices([
        "bash",
        "zsh",
        "fish",
      ]),
    )
    .addHelpText(...examples("completion bash", "completion fish"))
    .action(async (shell) => {
      const { completion } = await import("../completion/completion.js");
      completion(context, program, shell);
    });
}
