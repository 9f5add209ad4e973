import type { CliContext } from "../context.js";
import type { Backlog, Status } from "../deployment/api.js";
import type { Conflicts } from "../deployment/conflicts.js";
import type { StatusFound } from "../json/status/status.js";
import type { Connection } from "../deployment/connect.js";
import { colorsFor, widthOf } from "../terminal/output.js";
import { countOf, formatNumber, retentionText } from "../terminal/words.js";
import { productionBanner } from "../deployment/target/production.js";
import { progressOf, progressText } from "../runs/progress.js";
import { statusWarnings } from "./warnings.js";
import { printable } from "../terminal/printable.js";
import { runTable } from "../runs/table.js";
import { refusedText } from "../settings/refused.js";
import { scheduleTable } from "../schedules/table.js";
import {
  formatDuration,
  formatRelative,
  formatShortDuration,
  formatTime,
} from "../time/time.js";
import { wrap } from "../terminal/wrap.js";

/** The status for people: one screen, warnings first. */
export function statusText(
  context: CliContext,
  connection: Connection,
  shown: StatusFound,
): string {
  return [
    stateText(context, connection, shown),
    ...runningText(context, shown.status, shown.backlog),
  ].join("\n");
}

/** The progress of the running runs, within the terminal's width. */
export function runningText(
  context: CliContext,
  status: Status,
  backlog: Backlog,
): string[] {
  const width = widthOf(context) ?? Infinity;
  return runningLines(status, backlog, context.now()).map((line) =>
    wrap(line, width, 2),
  );
}

/** The status without the progress of runs. */
export function stateText(
  context: CliContext,
  { client, target }: Connection,
  { status, backlog, conflicts }: StatusFound,
): string {
  const { bold, yellow } = colorsFor(context, "stdout");
  const { version, sessions, settings, schedules, runs } = status;
  const now = context.now();
  const width = widthOf(context) ?? Infinity;
  const refused = refusedText(status, now);
  const rows: Array<[label: string, value: string]> = [
    [
      "Deployment",
      `${target.url} (${target.source}), component ${client.component} ${version}`,
    ],
    [
      "Sessions",
      `${formatNumber(sessions.total)}: ${formatNumber(sessions.active)} active, ${formatNumber(sessions.expired)} expired, ${formatNumber(sessions.ended)} ended`,
    ],
    ["Today", todayText(status)],
    ["Oldest", oldestText(status, now)],
    [
      "Policy",
      `idle after ${formatDuration(settings.idleTimeoutMs)}; retention ${retentionText(settings.retentionDays)}`,
    ],
    [
      "Waiting",
      `${atLeast(backlog.expire, backlog.limit)} to be expired by the next run, ${atLeast(backlog.purge, backlog.limit)} to be purged`,
    ],
    ...(refused === null
      ? []
      : [["Refused", refused] satisfies [string, string]]),
    ["Watchdog", watchdogText(status, now)],
    ...hookRows(status),
    ...webhookRows(status),
    ...conflictRows(conflicts),
  ];
  const warnings = statusWarnings(status, now).map((text) =>
    context.commands.complete(text),
  );
  return [
    ...(target.productionName === null
      ? []
      : [productionBanner(context, "stdout", target.productionName), ""]),
    ...warnings.map((warning) =>
      yellow(wrap(`! ${printable(warning)}`, width, 2)),
    ),
    ...(warnings.length === 0 ? [] : [""]),
    ...rows.map(([label, value]) =>
      wrap(bold(label.padEnd(LABEL)) + printable(value), width, LABEL),
    ),
    "",
    scheduleTable(schedules, now, width),
    "",
    runs.length === 0 ? "No run yet." : runTable(runs, width),
  ].join("\n");
}

const LABEL = 12;

/** The status as one line for a log: `--watch` prints it where there is no terminal. */
export function statusLine(
  status: Status,
  backlog: Backlog,
  now: number,
): string {
  const { sessions, watchdog } = status;
  const running = runningLines(status, backlog, now).map((line) => `; ${line}`);
  const gaveUp = watchdog.gaveUp ? "; the watchdog gave up" : "";
  return `${formatNumber(sessions.total)} sessions: ${formatNumber(sessions.active)} active, ${formatNumber(sessions.expired)} expired, ${formatNumber(sessions.ended)} ended; waiting: ${atLeast(backlog.expire, backlog.limit)} to expire, ${atLeast(backlog.purge, backlog.limit)} to purge${running.join("")}${gaveUp}`;
}

function runningLines(
  { runs }: Status,
  backlog: Backlog,
  now: number,
): string[] {
  return runs
    .filter(({ status }) => status === "running")
    .map(
      (run) =>
        `Running: ${run.kind}, ${progressText(run, progressOf(run, backlog, now))}`,
    );
}

function todayText({ today }: Status): string {
  const { day, newVisitors, visits, engagedMs } = today;
  if (visits === 0) return `${day}: no visit has begun and ended yet`;
  return `${day}: ${countOf(visits, "visit")} ended, ${countOf(newVisitors, "new visitor")}, ${formatShortDuration(engagedMs / visits)} engaged each`;
}

function oldestText({ oldest }: Status, now: number): string {
  if (oldest === null) return "no inactive session";
  const { lastActive, sessionId } = oldest;
  return `last active ${formatTime(lastActive)}, ${formatRelative(lastActive, now)} (${sessionId})`;
}

function hookRows({ hooks }: Status): Array<[label: string, value: string]> {
  if (hooks.length === 0) return [];
  const names = hooks.map(({ name, failure }) =>
    failure === null ? name : `${name} (failed)`,
  );
  return [["Hooks", names.join(", ")]];
}

function webhookRows({
  webhooks,
}: Status): Array<[label: string, value: string]> {
  if (webhooks.length === 0) return [];
  const disabled = webhooks.filter((webhook) => webhook.disabled !== null);
  const failing = webhooks.filter(
    (webhook) => webhook.disabled === null && webhook.failingSince !== null,
  );
  const parts = [
    formatNumber(webhooks.length),
    ...(failing.length === 0 ? [] : [`${failing.length} failing`]),
    ...(disabled.length === 0 ? [] : [`${disabled.length} disabled`]),
  ];
  return [["Webhooks", parts.join(", ")]];
}

function watchdogText({ watchdog }: Status, now: number): string {
  if (watchdog.lastAt === null) return "has not run yet";
  return `${watchdog.lastResult ?? "-"}, ${formatRelative(watchdog.lastAt, now)}`;
}

/** The count in words. The backlog is a bounded scan: at its limit it says "that many or more". */
function atLeast(count: number, limit: number): string {
  return countOf(count, "session").replace(" ", count >= limit ? "+ " : " ");
}

/**
 * Mutations that lost all their tries; nothing where none has. That some run again now and then is how it works, so
 * those are left to `doctor`, the dashboard and `--json`.
 */
function conflictRows(
  conflicts: Conflicts | null,
): Array<[label: string, value: string]> {
  if (conflicts === null || conflicts.outOfTries === 0) return [];
  const lost = `${countOf(conflicts.outOfTries, "mutation")} lost all tries since ${formatTime(conflicts.since)}`;
  return [["Conflicts", `${lost}, see \`sessions-ops doctor\``]];
}
