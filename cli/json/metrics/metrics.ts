import type { Figures } from "../../../convex/sessionTracker/shared/metrics/figures.js";
import type { RunKind } from "../../../convex/sessionTracker/shared/runs/kinds.js";
import type { ScheduleName } from "../../../convex/sessionTracker/shared/schedules.js";
import { iso, isoOrNull } from "../../time/time.js";
import { toDayJson, type DayJson } from "../stats.js";

/** Output of `metrics` */
export interface MetricsJson {
  version: string;
  /** What backlogs, pauses, refusals and the day go by: the last full minute. */
  at: string;
  sessions: { active: number; expired: number; ended: number };
  /** What the visits that began today, by UTC, have come to so far. */
  today: DayJson;
  /** When the session that has been inactive the longest was last active. */
  oldestInactiveAt: string | null;
  backlog: Array<{
    kind: ScheduleName;
    /** Counted up to 1,000. */
    sessions: number;
    /** Since when the first of them has been due. */
    dueSince: string | null;
  }>;
  /** Runs that came to their end, by kind and status: those of which there are any. */
  runs: Array<{
    kind: RunKind;
    status: string;
    runs: number;
    durationMs: number;
  }>;
  kinds: Array<{
    kind: RunKind;
    runningSince: string | null;
    lastSuccessAt: string | null;
  }>;
  schedules: Array<{
    name: ScheduleName;
    isPaused: boolean;
    lastTickAt: string | null;
    /** `lagMs`: how long after it was due it was decided for, jitter included. */
    lastFire: { outcome: string; at: string; lagMs: number } | null;
    /** When the first fire comes that nobody has decided for yet; `null` while paused, or pending. */
    nextAt: string | null;
  }>;
  /** Calls that bounds refused in the last 24 hours. */
  refused: {
    newSessions: number;
    ofAddress: number;
    actionsPerMinute: number;
    actionsPerSession: number;
  };
  watchdog: { lastAt: string | null; gaveUpAt: string | null };
  /** Counted up to 100. */
  hookDebts: number;
  webhooks: Array<{
    webhookId: string;
    failingSince: string | null;
    isDisabled: boolean;
  }>;
  /** Deliveries in the ledger that were given up, counted up to 100. */
  failedDeliveries: number;
}

export function toMetricsJson(figures: Figures, at: number): MetricsJson {
  const { version, sessions, today, refused, watchdog } = figures;
  return {
    version,
    at: iso(at),
    sessions,
    today: toDayJson(today, { isOver: false }),
    oldestInactiveAt: isoOrNull(figures.oldestInactiveAt),
    backlog: figures.backlog.map(({ dueSince, ...one }) => ({
      ...one,
      dueSince: isoOrNull(dueSince),
    })),
    runs: figures.runs,
    kinds: figures.kinds.map(({ kind, runningSince, lastSuccessAt }) => ({
      kind,
      runningSince: isoOrNull(runningSince),
      lastSuccessAt: isoOrNull(lastSuccessAt),
    })),
    schedules: figures.schedules.map(
      ({ name, isPaused, lastTickAt, lastFire, nextAt }) => ({
        name,
        isPaused,
        lastTickAt: isoOrNull(lastTickAt),
        lastFire: lastFire && { ...lastFire, at: iso(lastFire.at) },
        nextAt: isoOrNull(nextAt),
      }),
    ),
    refused,
    watchdog: {
      lastAt: isoOrNull(watchdog.lastAt),
      gaveUpAt: isoOrNull(watchdog.gaveUpAt),
    },
    hookDebts: figures.hookDebts,
    webhooks: figures.webhooks.map(({ failingSince, ...webhook }) => ({
      ...webhook,
      failingSince: isoOrNull(failingSince),
    })),
    failedDeliveries: figures.failedDeliveries,
  };
}
