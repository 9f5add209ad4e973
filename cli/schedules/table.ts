import type { Schedule } from "../deployment/api.js";
import { entries } from "../terminal/entries.js";
import { formatTable } from "../terminal/table.js";
import { fits } from "../terminal/wrap.js";
import { formatRelative, formatTime } from "../time/time.js";

export function scheduleTable(
  schedules: Schedule[],
  now: number,
  width = Infinity,
): string {
  const table = formatTable(
    ["SCHEDULE", "SPEC", "ZONE", "STATE", "NEXT", "LAST", "RESULT"],
    schedules.map((schedule) => [
      schedule.name,
      schedule.spec,
      schedule.timeZone,
      scheduleState(schedule),
      schedule.nextAt === null
        ? "-"
        : `${formatTime(schedule.nextAt)}, ${formatRelative(schedule.nextAt, now)}`,
      schedule.lastAt === null ? "-" : formatTime(schedule.lastAt),
      schedule.lastResult ?? "-",
    ]),
  );
  if (fits(table, width)) return table;
  return entries(
    schedules.map((schedule) => scheduleLines(schedule, now)),
    width,
  );
}

function scheduleLines(schedule: Schedule, now: number): string[] {
  const { name, spec, timeZone, nextAt, lastAt, lastResult } = schedule;
  const next =
    nextAt === null
      ? ""
      : `; next ${formatTime(nextAt)}, ${formatRelative(nextAt, now)}`;
  const last =
    lastAt === null
      ? "has not fired yet"
      : `last ${formatTime(lastAt)}: ${lastResult ?? "-"}`;
  return [
    `${name}  ${spec} ${timeZone}, ${scheduleState(schedule)}${next}`,
    last,
  ];
}

export function scheduleState({
  paused,
  state,
}: Pick<Schedule, "paused" | "state">): string {
  if (!paused) return state === "pending" ? "pending" : "on";
  const until =
    paused.until === undefined ? "" : ` until ${formatTime(paused.until)}`;
  return `paused${until}: ${paused.reason}`;
}
