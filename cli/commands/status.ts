import type { CliContext } from "../context.js";
import type { Backlog, Status } from "../lib/api.js";
import {
  connect,
  type Connection,
  type GlobalOptions,
} from "../lib/connect.js";
import { toRunJson, toScheduleJson } from "../lib/convert.js";
import { print, printJson } from "../lib/output.js";
import { statusText } from "../lib/statusText.js";
import { iso, isoOrNull } from "../lib/time.js";
import type { StatusJson } from "../shapes.js";

export async function status(
  context: CliContext,
  options: GlobalOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  const [found, backlog] = await Promise.all([
    client.query("stats:status", {}),
    client.query("stats:backlog", {}),
  ]);
  if (options.json) {
    printJson(context, toStatusJson(connection, found, backlog));
  } else {
    print(context, statusText(context, connection, found, backlog));
  }
}

function toStatusJson(
  { client, target }: Connection,
  { version, sessions, settings, schedules, runs, watchdog }: Status,
  backlog: Backlog,
): StatusJson {
  const { total, active, expired, ended } = sessions;
  return {
    version,
    target: { url: target.url, component: client.component },
    // In an order to be read; the deployment answers with sorted fields.
    sessions: { total, active, expired, ended },
    retentionDays: settings.retentionDays,
    idleTimeoutMs: settings.idleTimeoutMs,
    backlog,
    schedules: schedules.map(toScheduleJson),
    runs: runs.map(toRunJson),
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
