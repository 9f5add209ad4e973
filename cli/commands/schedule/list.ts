import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addScheduleList(schedule: Parent, context: CliContext): void {
  withTraits(schedule.command("list"), {
    writes: false,
    deletes: false,
    json: ["ScheduleListJson"],
  })
    .description("list both schedules (default)")
    .addHelpText(...examples("schedule list", "schedule list --json"))
    .action(async (_options, command) => {
      const { listSchedules } = await import("../../schedules/schedule.js");
      await listSchedules(context, given(command));
    });
}
