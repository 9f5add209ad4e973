import { examples } from "../commandLine/examples.js";
import { byDefault } from "../commandLine/groups.js";
import type { Parent } from "../commandLine/bareProgram.js";
import type { CliContext } from "../context.js";
import { addScheduleHistory } from "./schedule/history.js";
import { addScheduleList } from "./schedule/list.js";
import { addScheduleSet } from "./schedule/set.js";
import { addSchedulePause } from "./schedule/pause.js";
import { addScheduleResume } from "./schedule/resume.js";
import { addSchedulePreview } from "./schedule/preview.js";

export function addSchedule(program: Parent, context: CliContext): void {
  const schedule = program
    .command("schedule")
    .description("look at the schedules of expire and purge, and change them")
    .addHelpText(
      ...examples(
        "schedule list",
        'schedule set purge "0 3 * * *" --tz Europe/Berlin',
      ),
    );
  byDefault(schedule, "list");
  addScheduleList(schedule, context);
  addScheduleSet(schedule, context);
  addSchedulePause(schedule, context);
  addScheduleResume(schedule, context);
  addSchedulePreview(schedule, context);
  addScheduleHistory(schedule, context);
}
