import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import type { Program } from "../commandLine/bareProgram.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addDescribe(program: Program, context: CliContext): void {
  withTraits(program.command("describe"), {
    writes: false,
    deletes: false,
    json: ["DescribeJson"],
  })
    .description(
      "tell programs about the commands: options, exit codes, which write, delete and ask, what they print",
    )
    .addHelpText(...examples("describe", "describe --json"))
    .action(async (_options, command) => {
      const { describe } = await import("../describe/describe.js");
      describe(context, program, given(command));
    });
}
