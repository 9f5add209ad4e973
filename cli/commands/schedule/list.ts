import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import type { CliContext } from "../../context.js";

export function addScheduleList(schedule: Parent, context: CliContext): void {
  schedule
    .command("list")
    .description("list both schedules (default)")
    .addHelpText(...examples("schedule list", "schedule list --json"))
    .action(async (_options, command) => {
      const { listSchedules } = await import("../../schedules/schedule.js");
      await listSchedules(context, given(command));
    });
}
