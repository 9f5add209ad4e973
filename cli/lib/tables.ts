/** The tables that more than one command shows. */
import type { Run, Schedule } from "./api.js";
import { formatNumber } from "./output.js";
import { formatTable } from "./table.js";
import { formatRelative, formatTime } from "./time.js";

export function scheduleTable(
  schedules: Schedule[],
  now: number,
  width?: number,
): string {
  return formatTable(
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
    width,
  );
}

export function runTable(runs: Run[], width?: number): string {
  return formatTable(
    [
      "RUN",
      "KIND",
      "STATUS",
      "STARTED",
      "BY",
      "CUTOFF",
      "SESSIONS",
      "ACTIONS",
      "PAGES",
    ],
    runs.map((run) => [
      run.runId,
      run.kind,
      run.status,
      formatTime(run.startedAt),
      run.actor,
      formatTime(run.cutoff),
      formatNumber(run.sessions),
      formatNumber(run.actions),
      formatNumber(run.pages),
    ]),
    width,
  );
}

export function scheduleState({ paused, state }: Schedule): string {
  if (!paused) return state === "pending" ? "pending" : "on";
  const until =
    paused.until === undefined ? "" : ` until ${formatTime(paused.until)}`;
  return `paused${until}: ${paused.reason}`;
}
