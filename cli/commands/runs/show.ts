import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addRunsShow(runs: Parent, context: CliContext): void {
  withTraits(runs.command("show"), {
    writes: false,
    deletes: false,
    json: ["RunShowJson"],
  })
    .description("show a run and its errors")
    .argument("<run>")
    .addHelpText(...examples("runs show RUN_ID", "runs show RUN_ID --json"))
    .action(async (runId, _options, command) => {
      const { showRun } = await import("../../runs/runs.js");
      await showRun(context, runId, given(command));
    });
}
