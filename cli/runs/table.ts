import type { Run } from "../deployment/api.js";
import { entries } from "../terminal/entries.js";
import { formatTable } from "../terminal/table.js";
import { countOf, formatNumber } from "../terminal/words.js";
import { fits } from "../terminal/wrap.js";
import { cutoffText } from "./kinds.js";
import { formatTime } from "../time/time.js";

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
      cutoffText(run.cutoff),
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
    `${countOf(run.sessions, "session")}, ${countOf(run.actions, "action")}; cutoff ${cutoffText(run.cutoff)}; by ${run.actor}`,
  ];
}
