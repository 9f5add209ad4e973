import type { CliContext } from "../../context.js";
import type { Backlog, Status } from "../../deployment/api.js";
import type { Connection } from "../../deployment/connect.js";
import { progressOf, progressText } from "../../runs/progress.js";
import { statusWarnings } from "../../status/warnings.js";
import { iso, isoOrNull } from "../../time/time.js";
import type { Conflicts } from "../../deployment/conflicts.js";
import { toConflictsJson, type ConflictsJson } from "./conflicts.js";
import { toHookJson, type HookJson } from "../hooks.js";
import { toRunJson, type RunJson } from "../run.js";
import { toDayJson, type DayJson } from "../stats.js";
import { toScheduleJson, type ScheduleJson } from "../schedule.js";
import { toTargetJson, type TargetJson } from "../target.js";
import { toWebhookJson, type WebhookJson } from "../webhooks/webhooks.js";
import type { RetentionDays } from "../../../convex/sessionTracker/shared/settings.js";

/** Output of `status` */
export interface StatusJson {
  /** The version of the package. */
  version: string;
  /** The deployment. */
  target: TargetJson;
  /** Warnings that an operator should see first, as sentences. */
  warnings: string[];
  /** Number of sessions, by state. */
  sessions: { total: number; active: number; expired: number; ended: number };
  /** What the visits that began today, by UTC, have come to so far. */
  today: DayJson;
  /** The session inactive the longest. */
  oldest: { sessionId: string; lastActive: string } | null;
  /** Days after which an inactive session is purged, or `never`. */
  retentionDays: RetentionDays;
  /** A visit ends once its visitor has been away for longer. */
  idleTimeoutMs: number;
  /** Sessions that wait for the next run; a count that equals `limit` means that many or more. */
  backlog: { expire: number; purge: number; limit: number };
  /** Both schedules. */
  schedules: ScheduleJson[];
  /** The running runs, then the last finished of each kind. */
  runs: RunJson[];
  /** Progress of the running runs. */
  progress: Array<{
    /** The id of the run. */
    runId: string;
    /** Sessions still to come, as far as the run's maximum lets it. */
    left: number;
    /** Whether counting `left` stopped at its limit: there are that many or more. */
    isCapped: boolean;
    /** The run's speed since it last went on; 0 while it cannot be told, and while nothing moves. */
    sessionsPerSecond: number;
    /** Time since the run's last page, where that is longer ago than a page takes; else `null`. */
    silentMs: number | null;
    /** The progress in words. */
    text: string;
  }>;
  /**
   * Calls of visitors that the bounds of the settings refused in the last 24 hours; above a hundred an hour they
   * are off by about 5 %.
   */
  refused: {
    /** New visitors, by `maxNewSessionsPerMinute`. */
    newSessions: number;
    /** New visitors, by `maxNewSessionsPerMinutePerAddress`. */
    ofAddress: number;
    /** Actions, by `maxActionsPerMinute`. */
    actionsPerMinute: number;
    /** Actions, by `maxActionsPerSession`. */
    actionsPerSession: number;
    /** When a call was last counted; `null` where none was. */
    lastAt: string | null;
  };
  /** The app's hooks. */
  hooks: HookJson[];
  /** How many erasures hooks have not done their part of, counted up to 100. */
  hookDebts: number;
  /** In the order in which they were added. */
  webhooks: WebhookJson[];
  /** Conflicts of mutations, where the deployment tells them: an embedded one does, Convex does not (`null`). */
  conflicts: ConflictsJson | null;
  /** What restarts what stands still. */
  watchdog: {
    /** When it last worked; `null` where it never has. */
    lastAt: string | null;
    /** What it did then. */
    lastResult: string | null;
    /** What it gave up; `null` where it has not. */
    gaveUp: { at: string; why: string } | null;
  };
}

/** What a status is made of. */
export interface StatusFound {
  readonly status: Status;
  readonly backlog: Backlog;
  /** `null` where the deployment does not tell them. */
  readonly conflicts: Conflicts | null;
}

/** The status as JSON, for programs and for the dashboard's page. */
export function toStatusJson(
  context: CliContext,
  connection: Connection,
  { status: found, backlog, conflicts }: StatusFound,
): StatusJson {
  const { version, sessions, today, oldest, settings } = found;
  const { schedules, runs, watchdog } = found;
  const { total, active, expired, ended } = sessions;
  const { expire, purge, limit } = backlog;
  return {
    version,
    target: toTargetJson(connection),
    warnings: statusWarnings(found, context.now()).map((text) =>
      context.commands.complete(text),
    ),
    // Copied in an order to be read; the deployment answers with sorted fields.
    sessions: { total, active, expired, ended },
    today: toDayJson(today, { isOver: false }),
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
    refused: toRefusedJson(found.refused),
    hooks: found.hooks.map(toHookJson),
    hookDebts: found.hookDebts,
    webhooks: found.webhooks.map(toWebhookJson),
    conflicts: conflicts && toConflictsJson(conflicts),
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

function toRefusedJson({ lastAt, ...counts }: Status["refused"]) {
  const { newSessions, ofAddress, actionsPerMinute, actionsPerSession } =
    counts;
  return {
    newSessions,
    ofAddress,
    actionsPerMinute,
    actionsPerSession,
    lastAt: isoOrNull(lastAt),
  };
}
