import type { Figures } from "../../../convex/sessionTracker/shared/metrics/figures.js";
import type { RunKind } from "../../../convex/sessionTracker/shared/runs/kinds.js";
import type { ScheduleName } from "../../../convex/sessionTracker/shared/schedules.js";
import { iso, isoOrNull } from "../../time/time.js";
import { toDayJson, type DayJson } from "../stats.js";

/** Output of `metrics` */
export interface MetricsJson {
  /** The version of the package. */
  version: string;
  /** What backlogs, pauses, refusals and the day go by: the last full minute. */
  at: string;
  /** Number of sessions, by state. */
  sessions: { active: number; expired: number; ended: number };
  /** What the visits that began today, by UTC, have come to so far. */
  today: DayJson;
  /** When the session that has been inactive the longest was last active. */
  oldestInactiveAt: string | null;
  /** What is due, by the kind of run that takes it. */
  backlog: Array<{
    /** `expire`, `purge`, `end` or `forget`. */
    kind: ScheduleName;
    /** Counted up to 1,000. */
    sessions: number;
    /** Since when the first of them has been due. */
    dueSince: string | null;
  }>;
  /** Runs that came to their end, by kind and status: those of which there are any. */
  runs: Array<{
    /** `expire`, `purge`, `end` or `forget`. */
    kind: RunKind;
    /** How they ended. */
    status: string;
    /** Number of runs. */
    runs: number;
    /** How long they took, all together. */
    durationMs: number;
  }>;
  /** What is known of the runs of each kind. */
  kinds: Array<{
    /** `expire`, `purge`, `end` or `forget`. */
    kind: RunKind;
    /** When the one under way started; `null` where there is none. */
    runningSince: string | null;
    /** When one last did what it was to do; `null` where none has. */
    lastSuccessAt: string | null;
  }>;
  /** What is known of each schedule. */
  schedules: Array<{
    /** Its name. */
    name: ScheduleName;
    /** Whether it is paused. */
    isPaused: boolean;
    /** When it last decided; `null` where it never has. */
    lastTickAt: string | null;
    /** `lagMs`: how long after it was due it was decided for, jitter included. */
    lastFire: { outcome: string; at: string; lagMs: number } | null;
    /** When the first fire comes that nobody has decided for yet; `null` while paused, or pending. */
    nextAt: string | null;
  }>;
  /** Calls that bounds refused in the last 24 hours. */
  refused: {
    /** Of new visitors, beyond the deployment's number a minute. */
    newSessions: number;
    /** Of new visitors, beyond the number a minute of one address. */
    ofAddress: number;
    /** Of actions, beyond the session's number a minute. */
    actionsPerMinute: number;
    /** Of actions, of sessions that are full. */
    actionsPerSession: number;
  };
  /** What restarts what stands still. */
  watchdog: { lastAt: string | null; gaveUpAt: string | null };
  /** Counted up to 100. */
  hookDebts: number;
  /** What is known of each webhook. */
  webhooks: Array<{
    /** The id of the webhook. */
    webhookId: string;
    /** Since when it fails; `null` where it does not. */
    failingSince: string | null;
    /** Whether it is told of nothing, as it has failed for a day or is gone. */
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
