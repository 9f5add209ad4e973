import { scheduleName, scheduleSpec } from "../../commandLine/arguments.js";
import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import { ifRevision, reason } from "../../commandLine/options.js";
import {
  jitter,
  pauseOnFailure,
  window,
} from "../../commandLine/scheduleTerms.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addScheduleSet(schedule: Parent, context: CliContext): void {
  withTraits(schedule.command("set"), {
    writes: true,
    deletes: false,
    json: ["ScheduleChangeJson"],
  })
    .description("change what is named, keep the rest, and show the next fires")
    .addArgument(scheduleName())
    .addArgument(scheduleSpec())
    .option("--tz <zone>", "IANA time zone the spec is read in")
    .addOption(jitter())
    .addOption(window())
    .addOption(pauseOnFailure())
    .addOption(reason("recorded in the settings log"))
    .addOption(ifRevision())
    .addHelpText(
      ...examples(
        'schedule set purge "0 3 * * *" --tz Europe/Berlin',
        "schedule set purge --window 01:00-05:00 --jitter 10m",
      ),
    )
    .action(async (name, spec, _options, command) => {
      const { setSchedule } = await import("../../schedules/change.js");
      await setSchedule(context, name, spec, given(command));
    });
}
