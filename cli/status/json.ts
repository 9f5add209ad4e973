import type { CliContext } from "../context.js";
import type { StatusJson } from "../json/shapes.js";
import type { Backlog, Status } from "../deployment/api.js";
import type { Connection } from "../deployment/connect.js";
import { toRunJson, toScheduleJson, toTargetJson } from "../json/convert.js";
import { progressOf, progressText } from "../runs/progress.js";
import { statusWarnings } from "./warnings.js";
import { iso, isoOrNull } from "../time/time.js";

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
