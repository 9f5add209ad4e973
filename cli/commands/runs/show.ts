import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import type { CliContext } from "../../context.js";

export function addRunsShow(runs: Parent, context: CliContext): void {
  runs
    .command("show")
    .description("show a run and its errors")
    .argument("<run>")
    .addHelpText(...examples("runs show RUN_ID", "runs show RUN_ID --json"))
    .action(async (runId, _options, command) => {
      const { showRun } = await import("../../runs/runs.js");
      await showRun(context, runId, given(command));
    });
}
