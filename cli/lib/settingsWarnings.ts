/** Settings that are valid one by one and contradict each other. */
import { nextFires } from "../../convex/sessionTracker/cronSpecs.js";
import {
  DAY_MS,
  MINUTE_MS,
  type Schedule,
  type Settings,
} from "../../convex/sessionTracker/shared.js";
import { retentionText } from "./output.js";
import { formatDuration } from "./time.js";

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
  const everyMs = longestGap(purge, now);
  if (retentionDays * DAY_MS >= everyMs) return [];
  return [
    `The retention (${retentionText(retentionDays)}) is shorter than the longest time between two purges (${formatDuration(everyMs)}), so sessions stay longer than it says: purge more often (schedule set purge), or raise it.`,
  ];
}

function expireWarnings(
  { idleTimeoutMs, schedules: { expire } }: Settings,
  now: number,
): string[] {
  const everyMs = longestGap(expire, now);
  if (idleTimeoutMs >= everyMs) return [];
  return [
    `The idle timeout (${formatDuration(idleTimeoutMs)}) is shorter than the longest time between two expire runs (${formatDuration(everyMs)}), so counts of active sessions hold visitors who left long ago: expire more often (schedule set expire), or raise it.`,
  ];
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

/** As many fires as are looked at, and at least so long: a week has its weekend in it. */
const FIRES = 32;
const HORIZON_MS = 8 * DAY_MS;
const MOST_FIRES = 1_024;

function longestGap(schedule: Schedule, now: number): number {
  let fires = nextFires(schedule, now, FIRES);
  // Evenly spaced fires need no closer look; a night or a weekend shows only further on.
  while (
    fires.length < MOST_FIRES &&
    (fires.at(-1) ?? 0) - now < HORIZON_MS &&
    !isEveryHourOfEveryDay(schedule.spec)
  ) {
    fires = nextFires(schedule, now, fires.length * 2);
  }
  return Math.max(
    ...fires.slice(1).map((fire, i) => fire - (fires[i] ?? fire)),
  );
}

function isEveryHourOfEveryDay(spec: string): boolean {
  return spec
    .trim()
    .split(/\s+/)
    .slice(-4)
    .every((field) => field === "*");
}
