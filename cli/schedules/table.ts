import type { Schedule } from "../deployment/api.js";
import { entries } from "../terminal/entries.js";
import { formatTable } from "../terminal/table.js";
import { fits } from "../terminal/wrap.js";
import {
  formatRelative,
  formatShortDuration,
  formatTime,
} from "../time/time.js";
import type { Schedule as ScheduleSetting } from "../../convex/sessionTracker/shared/schedules.js";

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
      stateAndTerms(schedule),
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
    `${name}  ${spec} ${timeZone}, ${stateAndTerms(schedule)}${next}`,
    last,
  ];
}

function stateAndTerms(schedule: Schedule): string {
  const terms = termsText(schedule);
  const state = scheduleState(schedule);
  return terms === "" ? state : `${state}; ${terms}`;
}

/** What a schedule has beside its spec: "window 01:00-05:00, jitter 10m"; "" where it has nothing. */
export function termsText({
  window,
  jitterMs,
  pauseOnFailure,
}: Pick<ScheduleSetting, "window" | "jitterMs" | "pauseOnFailure">): string {
  return [
    ...(window === undefined ? [] : [`window ${windowText(window)}`]),
    ...(jitterMs === undefined
      ? []
      : [`jitter ${formatShortDuration(jitterMs)}`]),
    ...(pauseOnFailure === undefined
      ? []
      : [
          pauseOnFailure === 1
            ? "pauses on failure"
            : `pauses after ${pauseOnFailure} failures`,
        ]),
  ].join(", ");
}

function windowText({
  opens,
  closes,
}: NonNullable<ScheduleSetting["window"]>): string {
  return `${opens}-${closes}`;
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
