import { MAX_FIRES } from "../../../convex/sessionTracker/shared/limits.js";
import { scheduleName, scheduleSpec } from "../../commandLine/arguments.js";
import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import { jitter, window } from "../../commandLine/scheduleTerms.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { wholeNumber } from "../../commandLine/values.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addSchedulePreview(
  schedule: Parent,
  context: CliContext,
): void {
  withTraits(schedule.command("preview"), {
    writes: false,
    deletes: false,
    json: ["SchedulePreviewJson"],
  })
    .description(
      "show when a schedule fires, or would with another spec; changes nothing",
    )
    .addArgument(scheduleName())
    .addArgument(scheduleSpec())
    .option("--tz <zone>", "IANA time zone the spec is read in")
    .addOption(jitter())
    .addOption(window())
    .option("--count <n>", "how many fires", wholeNumber(1, MAX_FIRES), 5)
    .addHelpText(
      ...examples(
        "schedule preview purge",
        'schedule preview purge "30 2 * * 1" --tz America/New_York --count 10',
      ),
    )
    .action(async (name, spec, _options, command) => {
      const { previewSchedule } = await import("../../schedules/schedule.js");
      await previewSchedule(context, name, spec, given(command));
    });
}
