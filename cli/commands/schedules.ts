import { Argument, type Command } from "commander";
import type { ScheduleName } from "../../convex/sessionTracker/shared/shared.js";
import type { SchedulePreviewOptions } from "../schedules/schedule.js";
import type {
  PauseOptions,
  ScheduleChangeOptions,
} from "../schedules/change.js";
import type { CliContext } from "../context.js";
import type { GlobalOptions } from "../deployment/connect.js";
import {
  cancelRunOption,
  ifRevision,
  KINDS,
  reasonOption,
  wholeNumber,
  withExamples,
} from "./arguments.js";
import { byDefault } from "./groups.js";

export function addScheduleCommands(
  program: Command,
  context: CliContext,
): void {
  const schedule = withExamples(
    program
      .command("schedule")
      .description(
        "look at the schedules of expire and purge, and change them",
      ),
    "schedule list",
    'schedule set purge "0 3 * * *" --tz Europe/Berlin',
  );
  byDefault(schedule, "list");
  addList(schedule, context);
  addSet(schedule, context);
  addPause(schedule, context);
  addResume(schedule, context);
  addPreview(schedule, context);
}

function addList(schedule: Command, context: CliContext): void {
  withExamples(
    schedule.command("list").description("list both schedules (default)"),
    "schedule list",
    "schedule list --json",
  ).action(async (_options, command: Command) => {
    const { listSchedules } = await import("../schedules/schedule.js");
    await listSchedules(context, command.optsWithGlobals<GlobalOptions>());
  });
}

function addSet(schedule: Command, context: CliContext): void {
  withExamples(
    schedule
      .command("set")
      .description(
        "change what is named, keep the rest, and show the next fires",
      )
      .addArgument(nameArgument())
      .addArgument(specArgument())
      .option("--tz <zone>", "IANA time zone the spec is read in")
      .addOption(reasonOption("recorded in the settings log"))
      .addOption(ifRevision()),
    'schedule set purge "0 3 * * *" --tz Europe/Berlin',
    'schedule set expire "*/5 * * * *"',
  ).action(
    async (
      which: ScheduleName,
      cron: string | undefined,
      _options,
      command: Command,
    ) => {
      const { setSchedule } = await import("../schedules/change.js");
      await setSchedule(
        context,
        which,
        cron,
        command.optsWithGlobals<ScheduleChangeOptions>(),
      );
    },
  );
}

function addPause(schedule: Command, context: CliContext): void {
  withExamples(
    schedule
      .command("pause")
      .description("start no more runs by schedule; a run in progress goes on")
      .addArgument(nameArgument())
      .addOption(
        reasonOption("why, for whoever finds it paused").makeOptionMandatory(),
      )
      .option(
        "--until <time>",
        "resume by itself: 2h, 7d, YYYY-MM-DD or ISO 8601",
      )
      .addOption(cancelRunOption())
      .addOption(ifRevision()),
    "schedule pause purge --reason 'import under way'",
    "schedule pause purge --reason audit --until 7d",
  ).action(async (which: ScheduleName, _options, command: Command) => {
    const { pauseSchedule } = await import("../schedules/change.js");
    await pauseSchedule(
      context,
      which,
      command.optsWithGlobals<PauseOptions>(),
    );
  });
}

function addResume(schedule: Command, context: CliContext): void {
  withExamples(
    schedule
      .command("resume")
      .description("end a pause")
      .addArgument(nameArgument())
      .addOption(reasonOption("recorded in the settings log"))
      .addOption(ifRevision()),
    "schedule resume purge",
    "schedule resume purge --reason 'import done' --json",
  ).action(async (which: ScheduleName, _options, command: Command) => {
    const { resumeSchedule } = await import("../schedules/change.js");
    await resumeSchedule(
      context,
      which,
      command.optsWithGlobals<ScheduleChangeOptions>(),
    );
  });
}

function addPreview(schedule: Command, context: CliContext): void {
  withExamples(
    schedule
      .command("preview")
      .description(
        "show when a schedule fires, or would with another spec; changes nothing",
      )
      .addArgument(nameArgument())
      .addArgument(specArgument())
      .option("--tz <zone>", "IANA time zone the spec is read in")
      .option("--count <n>", "how many fires", wholeNumber(1, 100), 5),
    "schedule preview purge",
    'schedule preview purge "30 2 * * 1" --tz America/New_York --count 10',
  ).action(
    async (
      which: ScheduleName,
      cron: string | undefined,
      _options,
      command: Command,
    ) => {
      const { previewSchedule } = await import("../schedules/schedule.js");
      await previewSchedule(
        context,
        which,
        cron,
        command.optsWithGlobals<SchedulePreviewOptions>(),
      );
    },
  );
}

function nameArgument(): Argument {
  return new Argument("<name>", "which schedule").choices(KINDS);
}

function specArgument(): Argument {
  return new Argument(
    "[spec]",
    "minute hour day month weekday, or @daily and the like; six fields start with the second",
  );
}
