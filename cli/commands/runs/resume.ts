import { Option } from "../../commandLine/commander.js";
import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import { reason } from "../../commandLine/options.js";
import { inWindow } from "../../commandLine/scheduleTerms.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { wholeNumber } from "../../commandLine/values.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addRunsResume(runs: Parent, context: CliContext): void {
  withTraits(runs.command("resume"), {
    writes: true,
    deletes: true,
    json: ["RunResultJson"],
  })
    .description(
      "go on where a failed or canceled run, or one at its --max, stopped, and at once where one waits for its window",
    )
    .argument("<run>")
    .addOption(
      new Option(
        "--archive <file>",
        "the archive of an archived purge, to go on with; also after a crash",
      ).conflicts("detach"),
    )
    .option(
      "--confirm <n>",
      "the number of sessions to be deleted; needed where the retention has come to keep some",
      wholeNumber(0),
    )
    .option("--detach", "return as soon as the run goes on")
    .addOption(inWindow().conflicts("archive"))
    .addOption(reason("recorded with the run"))
    .addHelpText(
      ...examples(
        "runs resume RUN_ID",
        "runs resume RUN_ID --archive old.jsonl.gz",
      ),
    )
    .action(async (runId, _options, command) => {
      const { resumeRun } = await import("../../runs/change.js");
      await resumeRun(context, runId, given(command));
    });
}
