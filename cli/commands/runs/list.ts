import { Option } from "../../commandLine/commander.js";
import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import { jsonLines } from "../../commandLine/options.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { KINDS, wholeNumber } from "../../commandLine/values.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addRunsList(runs: Parent, context: CliContext): void {
  withTraits(runs.command("list"), {
    writes: false,
    deletes: false,
    json: ["RunListJson"],
    jsonl: "RunJson",
  })
    .description("list runs, newest first (default)")
    .option("--limit <n>", "how many at most", wholeNumber(1), 20)
    .option("--cursor <cursor>", "go on after an earlier page")
    .addOption(new Option("--kind <kind>", "only of this kind").choices(KINDS))
    .addOption(jsonLines("one JSON object a run, a line each"))
    .addHelpText(
      ...examples("runs list --kind purge", "runs list --limit 500 --jsonl"),
    )
    .action(async (_options, command) => {
      const { listRuns } = await import("../../runs/runs.js");
      await listRuns(context, given(command));
    });
}
