/** Arguments that several commands share. */
import { Argument } from "./commander.js";
import { SCHEDULES } from "./values.js";

export function scheduleName() {
  return new Argument("<name>", "which schedule").choices(SCHEDULES);
}

export function anyScheduleName() {
  return new Argument("[name]", "which schedule; else all").choices(SCHEDULES);
}

export function scheduleSpec() {
  return new Argument(
    "[spec]",
    "minute hour day month weekday, or @daily and the like; six fields start with the second",
  );
}
