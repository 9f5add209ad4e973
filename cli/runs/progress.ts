/** The progress of a run, as `status` and the dashboard show it. */
import type { Backlog, Run } from "../deployment/api.js";
import { formatNumber } from "../terminal/words.js";
import { silentForMs } from "./advice.js";
import { formatDuration, formatTime } from "../time/time.js";
import { MINUTE_MS } from "../../convex/sessionTracker/shared/times.js";

export interface RunProgress {
  /** Sessions to come. */
  left: number;
  /** Whether counting `left` stopped at its limit: there are that many or more. */
  isCapped: boolean;
  /** The run's speed; 0 while it cannot be told, and while nothing moves. */
  sessionsPerSecond: number;
  /** Time since the run's last page, where that is longer ago than a page takes; else `null`. */
  silentMs: number | null;
}

/** @param now by the deployment's clock */
export function progressOf(
  run: Run,
  { running, limit }: Pick<Backlog, "running" | "limit">,
  now: number,
): RunProgress {
  const counted = running.find(({ runId }) => runId === run.runId)?.left ?? 0;
  const allowed = Math.max(0, (run.stopAt ?? Infinity) - run.sessions);
  // The total was counted when the run started, to the end; the backlog is counted now, up to its
  // limit.
  const expected = Math.max(0, (run.expected ?? 0) - run.sessions);
  const isCapped = counted >= limit && expected < counted;
  const due = counted >= limit ? Math.max(expected, counted) : counted;
  const silentMs = silentForMs(run, now);
  const isSilent = silentMs > MINUTE_MS;
  return {
    left: Math.min(due, allowed),
    isCapped: isCapped && allowed > due,
    sessionsPerSecond: isSilent ? 0 : sessionsPerSecond(run),
    silentMs: isSilent ? silentMs : null,
  };
}

/**
 * The progress in words: 500 of 600 sessions, 83%, 100 a second, 1 second left; without a page for
 * long: no page for 2 hours
 */
export function progressText(
  { sessions, waitingUntil }: Pick<Run, "sessions" | "waitingUntil">,
  { left, isCapped, sessionsPerSecond: rate, silentMs }: RunProgress,
): string {
  const total = sessions + left;
  const percent = total === 0 ? 100 : Math.floor((sessions / total) * 100);
  return [
    `${formatNumber(sessions)} of ${formatNumber(total)}${isCapped ? "+" : ""} sessions`,
    ...(isCapped ? [] : [`${percent}%`]),
    ...(waitingUntil === undefined
      ? []
      : [`waits for its window until ${formatTime(waitingUntil)}`]),
    ...(silentMs === null ? [] : [`no page for ${formatDuration(silentMs)}`]),
    ...(rate === 0 ? [] : [`${formatNumber(rate)} a second`]),
    ...(rate === 0 || isCapped || left < rate
      ? []
      : [`${formatDuration((left / rate) * 1_000)} left`]),
  ].join(", ");
}

/** The run's speed since it last went on, so that a pause does not count. */
function sessionsPerSecond(run: Run): number {
  const since = run.resumed ?? { at: run.startedAt, sessions: 0 };
  const tookMs = run.progressAt - since.at;
  if (tookMs <= 0) return 0;
  const measured = ((run.sessions - since.sessions) / tookMs) * 1_000;
  return roundedRate(measured, run.ratePerSecond);
}

/**
 * The speed rounded: slow ones to a tenth, others to a whole.
 * @param limit of a paced run: its first page comes at once, and would make it look faster
 */
export function roundedRate(measured: number, limit = Infinity): number {
  const digit = measured < 10 ? 10 : 1;
  return Math.min(Math.round(measured * digit) / digit, limit);
}
