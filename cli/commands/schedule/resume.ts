import { scheduleName } from "../../commandLine/arguments.js";
import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import { ifRevision, reason } from "../../commandLine/options.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addScheduleResume(schedule: Parent, context: CliContext): void {
  withTraits(schedule.command("resume"), {
    writes: true,
    deletes: false,
    json: ["ScheduleChangeJson"],
  })
    .description("end a pause")
    .addArgument(scheduleName())
    .addOption(reason("recorded in the settings log"))
    .addOption(ifRevision())
    .addHelpText(
      ...examples(
        "schedule resume purge",
        "schedule resume purge --reason 'import done' --json",
      ),
    )
    .action(async (name, _options, command) => {
      const { resumeSchedule } = await import("../../schedules/change.js");
      await resumeSchedule(context, name, given(command));
    });
}
