import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addRunsWatch(runs: Parent, context: CliContext): void {
  withTraits(runs.command("watch"), {
    writes: false,
    deletes: false,
    json: ["RunResultJson"],
  })
    .description(
      "follow a run to its end, through waits for its window; Ctrl-C detaches and never stops it",
    )
    .argument("<run>")
    .addHelpText(...examples("runs watch RUN_ID", "runs watch RUN_ID --json"))
    .action(async (runId, _options, command) => {
      const { watchRun } = await import("../../runs/runs.js");
      await watchRun(context, runId, given(command));
    });
}
