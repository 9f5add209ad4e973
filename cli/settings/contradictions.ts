/** Settings that are valid one by one and contradict each other. */
import {
  DAY_MS,
  MINUTE_MS,
  type Settings,
} from "../../convex/sessionTracker/shared/shared.js";
import { longestGapMs } from "../schedules/cronGap.js";
import { retentionText } from "../terminal/output.js";
import { formatDuration } from "../time/time.js";

/** How often a browser says it is there, unless the app says otherwise. */
const HEARTBEAT_MS = 5 * MINUTE_MS;

/** Each a sentence that says what happens, and what to change. */
export function settingsWarnings(settings: Settings, now: number): string[] {
  return [
    ...purgeWarnings(settings, now),
    ...expireWarnings(settings, now),
    ...heartbeatWarnings(settings),
  ];
}

function purgeWarnings(
  { retentionDays, schedules: { purge } }: Settings,
  now: number,
): string[] {
  if (retentionDays === "never") return [];
  const everyMs = longestGapMs(purge.spec, now);
  if (everyMs !== null && retentionDays * DAY_MS >= everyMs) return [];
  return [
    `The retention (${retentionText(retentionDays)}) is shorter than the longest time between two purges (${gapText(everyMs)}), so sessions stay longer than it says: purge more often (schedule set purge), or raise it.`,
  ];
}

function expireWarnings(
  { idleTimeoutMs, schedules: { expire } }: Settings,
  now: number,
): string[] {
  const everyMs = longestGapMs(expire.spec, now);
  if (everyMs !== null && idleTimeoutMs >= everyMs) return [];
  return [
    `The idle timeout (${formatDuration(idleTimeoutMs)}) is shorter than the longest time between two expire runs (${gapText(everyMs)}), so counts of active sessions hold visitors who left long ago: expire more often (schedule set expire), or raise it.`,
  ];
}

/** One that cannot be told is longer than any retention: it takes more than ten years. */
function gapText(everyMs: number | null): string {
  return everyMs === null
    ? "years: it cannot be told"
    : formatDuration(everyMs);
}

function heartbeatWarnings({ idleTimeoutMs, touchAfterMs }: Settings) {
  // A heartbeat sooner than touchAfter writes nothing, and the next one comes a whole interval later.
  const seenEveryMs =
    Math.max(1, Math.ceil(touchAfterMs / HEARTBEAT_MS)) * HEARTBEAT_MS;
  if (idleTimeoutMs > seenEveryMs) return [];
  return [
    `The idle timeout (${formatDuration(idleTimeoutMs)}) is not longer than the time between two heartbeats that are written (${formatDuration(seenEveryMs)}, with the browser's default of one every ${formatDuration(HEARTBEAT_MS)}), so visitors who are still there expire: raise it, or give <SessionTracker> a shorter heartbeatInterval.`,
  ];
}
