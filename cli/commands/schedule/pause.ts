import { scheduleName } from "../../commandLine/arguments.js";
import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import { cancelRun, ifRevision, reason } from "../../commandLine/options.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addSchedulePause(schedule: Parent, context: CliContext): void {
  withTraits(schedule.command("pause"), {
    writes: true,
    deletes: false,
    json: ["ScheduleChangeJson"],
  })
    .description("start no more runs by schedule; a run in progress goes on")
    .addArgument(scheduleName())
    .addOption(
      reason(
        "why, for whoever finds it paused; required",
      ).makeOptionMandatory(),
    )
    .option(
      "--until <time>",
      "resume by itself: 2h, 7d, YYYY-MM-DD or ISO 8601",
    )
    .addOption(cancelRun())
    .addOption(ifRevision())
    .addHelpText(
      ...examples(
        "schedule pause purge --reason 'import under way'",
        "schedule pause purge --reason audit --until 7d",
      ),
    )
    .action(async (name, _options, command) => {
      const { pauseSchedule } = await import("../../schedules/change.js");
      await pauseSchedule(context, name, given(command));
    });
}
