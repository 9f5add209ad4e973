import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addStatus(program: Parent, context: CliContext): void {
  withTraits(program.command("status"), {
    writes: false,
    deletes: false,
    json: ["StatusJson"],
  })
    .description("show counts, policy, schedules and runs; warnings first")
    .option("--watch", "stay, and show each change as it happens")
    .addHelpText(...examples("status", "status --watch"))
    .action(async (_options, command) => {
      const { status } = await import("../status/status.js");
      await status(context, given(command));
    });
}
