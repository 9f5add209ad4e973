import type { CliContext } from "../context.js";
import type { Backlog, Status } from "../deployment/api.js";
import type { Connection } from "../deployment/connect.js";
import { progressOf, progressText } from "../runs/progress.js";
import { statusWarnings } from "../status/warnings.js";
import { iso, isoOrNull } from "../time/time.js";
import { toRunJson, type RunJson } from "./run.js";
import { toScheduleJson, type ScheduleJson } from "./schedule.js";
import { toTargetJson, type TargetJson } from "./target.js";
import type { RetentionDays } from "../../convex/sessionTracker/shared/settings.js";

/** `status` */
export interface StatusJson {
  version: string;
  target: TargetJson;
  /** What an operator should see first, as sentences. */
  warnings: string[];
  sessions: { total: number; active: number; expired: number; ended: number };
  /** Inactive the longest. */
  oldest: { sessionId: string; lastActive: string } | null;
  retentionDays: RetentionDays;
  idleTimeoutMs: number;
  /** Waiting for the next run; a count that equals `limit` means that many or more. */
  backlog: { expire: number; purge: number; limit: number };
  schedules: ScheduleJson[];
  /** The running ones, then the last finished of each kind. */
  runs: RunJson[];
  /** Of those that are running. */
  progress: Array<{
    runId: string;
    /** Sessions to come, as far as its maximum lets it. */
    left: number;
    /** `left` is as far as was counted: that many or more. */
    isCapped: boolean;
    /** Since it last went on; 0 while nothing can be said, and while nothing moves. */
    sessionsPerSecond: number;
    /** Since its last page, where that is longer ago than a page takes; else `null`. */
    silentMs: number | null;
    /** All of it in words. */
    text: string;
  }>;
  watchdog: {
    lastAt: string | null;
    lastResult: string | null;
    gaveUp: { at: string; why: string } | null;
  };
}

/** What `status` says, to programs and to the dashboard's page. */
export function toStatusJson(
  context: CliContext,
  connection: Connection,
  found: Status,
  backlog: Backlog,
): StatusJson {
  const { version, sessions, oldest, settings, schedules, runs, watchdog } =
    found;
  const { total, active, expired, ended } = sessions;
  const { expire, purge, limit } = backlog;
  return {
    version,
    target: toTargetJson(connection),
    warnings: statusWarnings(found, context.now()).map((text) =>
      context.commands.complete(text),
    ),
    // In an order to be read; the deployment answers with sorted fields.
    sessions: { total, active, expired, ended },
    oldest: oldest && {
      sessionId: oldest.sessionId,
      lastActive: iso(oldest.lastActive),
    },
    retentionDays: settings.retentionDays,
    idleTimeoutMs: settings.idleTimeoutMs,
    backlog: { expire, purge, limit },
    schedules: schedules.map(toScheduleJson),
    runs: runs.map(toRunJson),
    progress: runs
      .filter(({ status }) => status === "running")
      .map((run) => {
        const progress = progressOf(run, backlog, context.now());
        const text = progressText(run, progress);
        return { runId: run.runId, ...progress, text };
      }),
    watchdog: {
      lastAt: isoOrNull(watchdog.lastAt),
      lastResult: watchdog.lastResult,
      gaveUp: watchdog.gaveUp && {
        at: iso(watchdog.gaveUp.at),
        why: watchdog.gaveUp.why,
      },
    },
  };
}
