import type { Run } from "../deployment/api.js";
import { entries } from "../terminal/entries.js";
import { formatTable } from "../terminal/table.js";
import { countOf, formatNumber } from "../terminal/words.js";
import { fits } from "../terminal/wrap.js";
import { filterText } from "../many/filter.js";
import { cutoffText, deletes, whichText } from "./kinds.js";
import { formatTime } from "../time/time.js";

export function runTable(runs: Run[], width = Infinity): string {
  const table = formatTable(
    [
      "RUN",
      "KIND",
      "STATUS",
      "STARTED",
      "BY",
      "CUTOFF OR FILTER",
      "SESSIONS",
      "VISITS",
      "ACTIONS",
      "PAGES",
    ],
    runs.map((run) => [
      run.runId,
      run.kind,
      statusText(run),
      formatTime(run.startedAt),
      run.actor,
      run.filter === undefined
        ? cutoffText(run.cutoff)
        : filterText(run.filter),
      formatNumber(run.sessions),
      deletes(run.kind) ? formatNumber(run.visits ?? 0) : "-",
      deletes(run.kind) ? formatNumber(run.actions) : "-",
      formatNumber(run.pages),
    ]),
  );
  return fits(table, width) ? table : entries(runs.map(runLines), width);
}

/** The lines of a run without its pages, which are for who looks closely. */
function runLines(run: Run): string[] {
  return [
    `${run.runId}  ${run.kind}  ${statusText(run)}  ${formatTime(run.startedAt)}`,
    `${doneText(run)}; ${whichText(run)}; by ${run.actor}`,
  ];
}

/** A run that waits for its window is running, and does nothing until then. */
function statusText({ status, waitingUntil }: Run): string {
  return waitingUntil === undefined ? status : "waiting";
}

function doneText({ kind, sessions, visits = 0, actions }: Run): string {
  return [
    countOf(sessions, "session"),
    ...(deletes(kind)
      ? [countOf(visits, "visit"), countOf(actions, "action")]
      : []),
  ].join(", ");
}
