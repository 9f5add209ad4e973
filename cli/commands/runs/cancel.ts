import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import { reason } from "../../commandLine/options.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addRunsCancel(runs: Parent, context: CliContext): void {
  withTraits(runs.command("cancel"), {
    writes: true,
    deletes: false,
    json: ["RunChangeJson"],
  })
    .description("stop a run before its next page; what is done stays done")
    .argument("<run>")
    .addOption(reason("recorded with the run"))
    .addHelpText(
      ...examples(
        "runs cancel RUN_ID",
        "runs cancel RUN_ID --reason 'wrong cutoff' --json",
      ),
    )
    .action(async (runId, _options, command) => {
      const { cancelRun } = await import("../../runs/change.js");
      await cancelRun(context, runId, given(command));
    });
}
