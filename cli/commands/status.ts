import type { Backlog, Run, Schedule, Status } from "../lib/api.js";
import type { CliContext } from "../context.js";
import {
  connect,
  type Connection,
  type GlobalOptions,
} from "../lib/connect.js";
import { toRunJson, toScheduleJson } from "../lib/convert.js";
import {
  colorsFor,
  countOf,
  formatNumber,
  print,
  printJson,
  retentionText,
} from "../lib/output.js";
import { runTable, scheduleTable } from "../lib/tables.js";
import { formatDuration, formatTime, iso, isoOrNull } from "../lib/time.js";
import type { StatusJson } from "../shapes.js";

export async function status(
  context: CliContext,
  options: GlobalOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  const [found, backlog] = await Promise.all([
    client.call("stats:status", {}, { retry: true }),
    client.call("stats:backlog", {}, { retry: true }),
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
  return {
    version,
    target: { url: target.url, component: client.component },
    sessions,
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

function statusText(
  context: CliContext,
  { client, target }: Connection,
  { sessions, settings, schedules, runs, watchdog }: Status,
  backlog: Backlog,
): string {
  const { bold, red } = colorsFor(context, "stdout");
  const lines = [
    `${bold("Deployment")}  ${target.url} (${target.source}), component ${client.component}`,
    `${bold("Sessions")}    ${formatNumber(sessions.total)}: ${formatNumber(sessions.active)} active, ${formatNumber(sessions.expired)} expired, ${formatNumber(sessions.ended)} ended`,
    `${bold("Policy")}      idle after ${formatDuration(settings.idleTimeoutMs)}; retention ${retentionText(settings.retentionDays)}`,
    `${bold("Waiting")}     ${atMost(backlog.expire, backlog.limit)} to be expired by the next run, ${atMost(backlog.purge, backlog.limit)} to be purged`,
    "",
    scheduleSection(context, schedules),
    "",
    runSection(runs),
  ];
  if (watchdog.gaveUp) {
    lines.push(
      "",
      red(
        `The watchdog gave up at ${formatTime(watchdog.gaveUp.at)}: ${watchdog.gaveUp.why}`,
      ),
    );
  }
  return lines.join("\n");
}

function scheduleSection(context: CliContext, schedules: Schedule[]): string {
  return scheduleTable(schedules, context.now());
}

function runSection(runs: Run[]): string {
  return runs.length === 0 ? "No run yet." : runTable(runs);
}

/** The backlog is a bounded scan: at its limit it says "that many or more". */
function atMost(count: number, limit: number): string {
  return countOf(count, "session").replace(" ", count >= limit ? "+ " : " ");
}
