/** The output of `purge --dry-run`: the sessions that a purge would delete. */
import type { CliContext } from "../context.js";
import { toDryRunJson, type DryRunJson } from "../json/dryRun.js";
import type { BoundsOptions } from "../runs/bounds.js";
import { print, printJson } from "../terminal/output.js";
import { countOf, formatNumber } from "../terminal/words.js";
import { byRetentionText, ownCutoffsText } from "../runs/kinds.js";
import type { PurgePreview } from "./preview.js";
import { formatTable } from "../terminal/table.js";
import { formatTime, iso } from "../time/time.js";

export function printDryRun(
  context: CliContext,
  options: { json?: boolean } & BoundsOptions,
  found: PurgePreview,
): void {
  const json = toDryRunJson(found, options.max);
  if (options.json) return printJson(context, json);
  const { cutoff, sessions, actions, bytes, oldest, newest } = found;
  const range =
    oldest === null || newest === null
      ? ""
      : `, last active from ${formatTime(oldest)} to ${formatTime(newest)}`;
  const all = `${countOf(sessions, "session")} and ${countOf(actions, "action")}, ${formatBytes(bytes)}${range}`;
  const { max = Infinity } = options;
  const lines = [
    max < sessions
      ? `Dry run, nothing deleted. A purge would delete ${countOf(max, "session")} with their actions, the oldest of what is due: ${all}.`
      : `Dry run, nothing deleted. A purge would delete ${all}.`,
  ];
  if (found.cutoffs !== undefined) {
    lines.push(
      `Of sessions that stay it would delete ${byRetentionText(found.byRetention)}: ${ownCutoffsText(found.cutoffs)}.`,
    );
  }
  if (sessions > 0) {
    lines.push("", ageTable(json), "", dayTable(json), "");
  }
  if (options.max !== undefined && options.max < sessions) {
    lines.push(
      `With --max ${options.max}, the oldest ${formatNumber(options.max)} of them.`,
    );
  }
  lines.push(
    `To delete exactly these: sessions-ops purge --before ${iso(cutoff)}${boundsText(options)}`,
  );
  print(context, lines.join("\n"));
}

function boundsText({ max, rate, inWindow }: BoundsOptions): string {
  return [
    max === undefined ? "" : ` --max ${max}`,
    rate === undefined ? "" : ` --rate ${rate}/s`,
    inWindow === undefined ? "" : " --in-window",
  ].join("");
}

function ageTable({ byAge }: DryRunJson): string {
  return formatTable(
    ["INACTIVE FOR", "SESSIONS", "ACTIONS", ""],
    byAge.map(({ fromDays, toDays, sessions, actions }) => [
      toDays === null
        ? `${fromDays} days or more`
        : `${fromDays} to ${toDays} days`,
      formatNumber(sessions),
      formatNumber(actions),
      barOf(sessions, byAge),
    ]),
  );
}

/** The most days shown on a screen; the earlier ones are in `--json`. */
const MAX_DAYS = 31;

function dayTable({ byDay }: DryRunJson): string {
  const shown = byDay.slice(-MAX_DAYS);
  const hidden = byDay.slice(0, -MAX_DAYS);
  const earlier = hidden.reduce((sum, { sessions }) => sum + sessions, 0);
  const table = formatTable(
    ["LAST ACTIVE ON", "SESSIONS", "ACTIONS", ""],
    shown.map(({ day, sessions, actions }) => [
      day,
      formatNumber(sessions),
      formatNumber(actions),
      barOf(sessions, shown),
    ]),
  );
  if (hidden.length === 0) return table;
  return `${table}\n${countOf(earlier, "session")} on ${countOf(hidden.length, "earlier day")}; --json has every day.`;
}

const BAR_WIDTH = 20;

/** A bar for a count, which shows at least a trace of a single session. */
function barOf(sessions: number, bars: Array<{ sessions: number }>): string {
  const most = Math.max(...bars.map((bar) => bar.sessions));
  return "#".repeat(Math.max(1, Math.round((sessions / most) * BAR_WIDTH)));
}

/** A size in words: 1.5 MiB; 1,023 bytes */
function formatBytes(bytes: number): string {
  const units = ["KiB", "MiB", "GiB", "TiB"];
  if (bytes < 1_024) return countOf(bytes, "byte");
  let size = bytes;
  let unit = "";
  for (const next of units) {
    if (size < 1_024) break;
    size /= 1_024;
    unit = next;
  }
  return `${size.toFixed(1)} ${unit}`;
}
