import type { CliContext } from "../context.js";
import type { Backlog, Status } from "./api.js";
import type { Connection } from "./connect.js";
import { colorsFor, countOf, formatNumber, retentionText } from "./output.js";
import { runTable, scheduleTable } from "./tables.js";
import { formatDuration, formatTime } from "./time.js";

/** What `status` says to people. */
export function statusText(
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
    scheduleTable(schedules, context.now()),
    "",
    runs.length === 0 ? "No run yet." : runTable(runs),
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

/** The backlog is a bounded scan: at its limit it says "that many or more". */
function atMost(count: number, limit: number): string {
  return countOf(count, "session").replace(" ", count >= limit ? "+ " : " ");
}
