import type { CliContext } from "../context.js";
import type { Backlog, Status } from "../lib/api.js";
import {
  connect,
  type Connection,
  type GlobalOptions,
} from "../lib/connect.js";
import { toRunJson, toScheduleJson } from "../lib/convert.js";
import { print, printJson } from "../lib/output.js";
import { sessionsPerSecond, statusText } from "../lib/statusText.js";
import { statusWarnings } from "../lib/statusWarnings.js";
import { iso, isoOrNull } from "../lib/time.js";
import type { StatusJson } from "../shapes.js";

export interface StatusOptions extends GlobalOptions {
  readonly watch?: boolean;
}

export async function status(
  context: CliContext,
  options: StatusOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  const [found, backlog] = await Promise.all([
    client.query("stats:status", {}),
    client.query("stats:backlog", {}),
  ]);
  if (options.watch) {
    const { watchStatus } = await import("./statusWatch.js");
    await watchStatus(context, connection, options, found, backlog);
  } else if (options.json) {
    printJson(context, toStatusJson(context, connection, found, backlog));
  } else {
    print(context, statusText(context, connection, found, backlog));
  }
}

export function toStatusJson(
  context: CliContext,
  { client, target }: Connection,
  found: Status,
  backlog: Backlog,
): StatusJson {
  const { version, sessions, oldest, settings, schedules, runs, watchdog } =
    found;
  const { total, active, expired, ended } = sessions;
  const { expire, purge, limit } = backlog;
  const { url, productionName } = target;
  return {
    version,
    target: { url, component: client.component, productionName },
    warnings: statusWarnings(found, context.now()),
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
    progress: backlog.running.map(({ runId, left }) => {
      const run = runs.find((one) => one.runId === runId);
      return {
        runId,
        left,
        sessionsPerSecond: run ? sessionsPerSecond(run) : 0,
      };
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
