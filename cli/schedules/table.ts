/** Tables that several commands show; two short lines an entry where they are too wide. */
import type { Run, Schedule } from "../deployment/api.js";
import { countOf, formatNumber } from "../terminal/words.js";
import { printable } from "../terminal/printable.js";
import { formatTable } from "../terminal/table.js";
import { formatRelative, formatTime } from "../time/time.js";
import { fits, wrap } from "../terminal/wrap.js";

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

export function runTable(runs: Run[], width = Infinity): string {
  const table = formatTable(
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
  );
  return fits(table, width) ? table : entries(runs.map(runLines), width);
}

/** The lines of a run without its pages, which are for who looks closely. */
function runLines(run: Run): string[] {
  return [
    `${run.runId}  ${run.kind}  ${run.status}  ${formatTime(run.startedAt)}`,
    `${countOf(run.sessions, "session")}, ${countOf(run.actions, "action")}; cutoff ${formatTime(run.cutoff)}; by ${run.actor}`,
  ];
}

/** The entries as lines: the first line of each names it, the others are set in. */
function entries(all: string[][], width: number): string {
  return all
    .flatMap(([first = "", ...rest]) => [
      wrap(printable(first), width, INDENT),
      ...rest.map((line) =>
        wrap(" ".repeat(INDENT) + printable(line), width, INDENT),
      ),
    ])
    .join("\n");
}

const INDENT = 2;

export function scheduleState({
  paused,
  state,
}: Pick<Schedule, "paused" | "state">): string {
  if (!paused) return state === "pending" ? "pending" : "on";
  const until =
    paused.until === undefined ? "" : ` until ${formatTime(paused.until)}`;
  return `paused${until}: ${paused.reason}`;
}
