import { Option, type Command } from "commander";
import type { RunChangeOptions, RunResumeOptions } from "../runs/change.js";
import type { RunListOptions } from "../runs/runs.js";
import type { CliContext } from "../context.js";
import type { GlobalOptions } from "../deployment/connect.js";
import { KINDS, reasonOption, wholeNumber, withExamples } from "./arguments.js";
import { byDefault } from "./groups.js";

export function addRunCommands(program: Command, context: CliContext): void {
  const runs = withExamples(
    program.command("runs").description("look at runs and control them"),
    "runs list",
    "runs cancel RUN_ID --reason 'wrong cutoff'",
  );
  byDefault(runs, "list");

  withExamples(
    runs
      .command("list")
      .description("list runs, newest first (default)")
      .option("--limit <n>", "how many at most", wholeNumber(1), 20)
      .option("--cursor <cursor>", "go on after an earlier page")
      .addOption(new Option("--kind <kind>").choices(KINDS)),
    "runs list --kind purge",
    "runs list --limit 5 --json",
  ).action(async (_options, command: Command) => {
    const { listRuns } = await import("../runs/runs.js");
    await listRuns(context, command.optsWithGlobals<RunListOptions>());
  });

  withExamples(
    runs
      .command("show")
      .description("show a run and its errors")
      .argument("<run>"),
    "runs show RUN_ID",
    "runs show RUN_ID --json",
  ).action(async (runId: string, _options, command: Command) => {
    const { showRun } = await import("../runs/runs.js");
    await showRun(context, runId, command.optsWithGlobals<GlobalOptions>());
  });

  withExamples(
    runs
      .command("watch")
      .description(
        "follow a run to its end; Ctrl-C detaches and never stops it",
      )
      .argument("<run>"),
    "runs watch RUN_ID",
    "runs watch RUN_ID --json",
  ).action(async (runId: string, _options, command: Command) => {
    const { watchRun } = await import("../runs/runs.js");
    await watchRun(context, runId, command.optsWithGlobals<GlobalOptions>());
  });

  withExamples(
    runs
      .command("cancel")
      .description("stop a run before its next page; what is done stays done")
      .argument("<run>")
      .addOption(reasonOption("recorded with the run")),
    "runs cancel RUN_ID",
    "runs cancel RUN_ID --reason 'wrong cutoff' --json",
  ).action(async (runId: string, _options, command: Command) => {
    const { cancelRun } = await import("../runs/change.js");
    await cancelRun(
      context,
      runId,
      command.optsWithGlobals<RunChangeOptions>(),
    );
  });

  withExamples(
    runs
      .command("resume")
      .description(
        "go on where a failed or canceled run, or one at its --max, stopped",
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
      .addOption(reasonOption("recorded with the run")),
    "runs resume RUN_ID",
    "runs resume RUN_ID --archive old.jsonl.gz",
  ).action(async (runId: string, _options, command: Command) => {
    const { resumeRun } = await import("../runs/change.js");
    await resumeRun(
      context,
      runId,
      command.optsWithGlobals<RunResumeOptions>(),
    );
  });
}
