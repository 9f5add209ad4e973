/** Settings that are valid one by one and contradict each other. */
import { longestGapMs } from "../schedules/cronGap.js";
import { retentionText } from "../terminal/words.js";
import { formatDuration } from "../time/time.js";
import type { Settings } from "../../convex/sessionTracker/shared/settings.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";
import { DEFAULT_INTERVAL_MS } from "../../react/engine/limits.js";

export interface Contradiction {
  /** The contradiction, as a sentence without its end. */
  what: string;
  /** The advice, as the rest of that sentence. */
  remedy: string;
}

export function contradictions(
  settings: Settings,
  now: number,
): Contradiction[] {
  return [
    ...rarePurges(settings, now),
    ...rareExpireRuns(settings, now),
    ...rareHeartbeats(settings),
    ...idleBounds(settings),
  ];
}

/** The contradictions, each as a sentence. */
export function contradictionTexts(settings: Settings, now: number): string[] {
  return contradictions(settings, now).map(
    ({ what, remedy }) => `${what}: ${remedy}`,
  );
}

function rarePurges(settings: Settings, now: number): Contradiction[] {
  const everyMs = longestGapMs(settings.schedules.purge, now);
  const kinds = [
    ["retention", "sessions", settings.retentionDays],
    ["retention of visits", "visits", settings.visitRetentionDays],
    ["retention of actions", "actions", settings.actionRetentionDays],
  ] as const;
  return kinds.flatMap(([retention, rows, days]) => {
    if (days === "never" || days === "session") return [];
    if (everyMs !== null && days * DAY_MS >= everyMs) return [];
    return [
      {
        what: `The ${retention} (${retentionText(days)}) is shorter than the longest time between two purges (${gapText(everyMs)}), so ${rows} stay longer than it says`,
        remedy: "purge more often (schedule set purge), or raise it.",
      },
    ];
  });
}

function rareExpireRuns(
  { idleTimeoutMs, schedules: { expire } }: Settings,
  now: number,
): Contradiction[] {
  const everyMs = longestGapMs(expire, now);
  if (everyMs !== null && idleTimeoutMs >= everyMs) return [];
  return [
    {
      what: `The idle timeout (${formatDuration(idleTimeoutMs)}) is shorter than the longest time between two expire runs (${gapText(everyMs)}), so counts of active sessions hold visitors who left long ago`,
      remedy: "expire more often (schedule set expire), or raise it.",
    },
  ];
}

/** The gap in words. One that cannot be told is longer than any retention: it takes more than ten years. */
function gapText(everyMs: number | null): string {
  return everyMs === null
    ? "years: it cannot be told"
    : formatDuration(everyMs);
}

function rareHeartbeats({
  idleTimeoutMs,
  touchAfterMs,
}: Settings): Contradiction[] {
  // A heartbeat sooner than touchAfter writes nothing, and the next one comes a whole interval later.
  const seenEveryMs =
    Math.max(1, Math.ceil(touchAfterMs / DEFAULT_INTERVAL_MS)) *
    DEFAULT_INTERVAL_MS;
  if (idleTimeoutMs > seenEveryMs) return [];
  return [
    {
      what: `The idle timeout (${formatDuration(idleTimeoutMs)}) is not longer than the time between two heartbeats that are written (${formatDuration(seenEveryMs)}, with the browser's default of one every ${formatDuration(DEFAULT_INTERVAL_MS)}), so visitors who are still there expire`,
      remedy: "raise it, or give <SessionTracker> a shorter heartbeatInterval.",
    },
  ];
}

function idleBounds({
  maxNewSessionsPerMinute: most,
  maxNewSessionsPerMinutePerAddress: ofAddress,
}: Settings): Contradiction[] {
  if (most === "never" || ofAddress === "never" || ofAddress < most) return [];
  return [
    {
      what: `maxNewSessionsPerMinutePerAddress (${ofAddress}) is not less than maxNewSessionsPerMinute (${most}), so it bounds nothing`,
      remedy: "lower it, or set it to never.",
    },
  ];
}
