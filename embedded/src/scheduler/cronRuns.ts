import type { JSONValue } from "convex/values";
import type { CronRun } from "./crons.js";
import type { JobOutput } from "./runner.js";

/** Characters of a result, and of all log lines, that are kept of a run, as on Convex. */
const MAX_KEPT = 1_000;

/** How a run of a cron ended. */
export type Outcome =
  JobOutput | { readonly error: string; readonly logLines: readonly string[] };

type Kept = Omit<CronRun, "spec" | "dueMs" | "endedMs">;

/** What is remembered of a run, which began at `startedAt` by the monotonic clock. */
export function keptRun(startedAt: number, outcome: Outcome): Kept {
  const { logLines } = outcome;
  const lines: string[] = [];
  let left = MAX_KEPT;
  for (const line of logLines) {
    left -= line.length;
    if (left < 0) break;
    lines.push(line);
  }
  return {
    durationMs: performance.now() - startedAt,
    ...("error" in outcome
      ? { error: outcome.error }
      : keptResult(outcome.value)),
    logLines: lines,
    isLogTruncated: lines.length < logLines.length,
  };
}

function keptResult(value: JSONValue) {
  const json = JSON.stringify(value);
  return json.length <= MAX_KEPT
    ? { result: json }
    : { result: json.slice(0, MAX_KEPT), isResultTruncated: true };
}
