/** What `purge --dry-run` shows of what a purge would delete. */
import type { CliContext } from "../context.js";
import type { DryRunJson } from "../json/shapes.js";
import type { BudgetOptions } from "../runs/budget.js";
import { print, printJson } from "../terminal/output.js";
import { countOf, formatNumber } from "../terminal/words.js";
import type { PurgePreview } from "./preview.js";
import { formatTable } from "../terminal/table.js";
import { formatTime, iso, isoOrNull } from "../time/time.js";

export function printDryRun(
  context: CliContext,
  options: { json?: boolean } & BudgetOptions,
  found: PurgePreview,
): void {
  if (options.json) return printJson(context, toJson(options, found));
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
  if (sessions > 0) {
    lines.push("", ageTable(found), "", dayTable(context, found), "");
  }
  if (options.max !== undefined && options.max < sessions) {
    lines.push(
      `With --max ${options.max}, the oldest ${formatNumber(options.max)} of them.`,
    );
  }
  lines.push(
    `To delete exactly these: sessions-ops purge --before ${iso(cutoff)}${budgetText(options)}`,
  );
  print(context, lines.join("\n"));
}

function budgetText({ max, rate }: BudgetOptions): string {
  const maxText = max === undefined ? "" : ` --max ${max}`;
  return rate === undefined ? maxText : `${maxText} --rate ${rate}/s`;
}

function toJson(
  { max = null }: { max?: number | null },
  found: PurgePreview,
): DryRunJson {
  const { cutoff, sessions, actions, bytes, oldest, newest } = found;
  return {
    dryRun: true,
    cutoff: iso(cutoff),
    wouldDelete: Math.min(sessions, max ?? Infinity),
    sessions,
    actions,
    max,
    oldest: isoOrNull(oldest),
    newest: isoOrNull(newest),
    bytes,
    byDay: byDay(found).map(([day, bar]) => ({ day: dayOf(day), ...bar })),
    byAge: byAge(found),
  };
}

// ── Histograms ──────────────────────────────────────────────────────────────

/** Ages in days, up to what the next one starts at; the last has no end. */
const AGE_STEPS = [0, 1, 7, 14, 30, 60, 90, 180, 365];

function byAge({ byAge: bars }: PurgePreview): DryRunJson["byAge"] {
  const groups = AGE_STEPS.map((fromDays, index) => {
    const toDays = AGE_STEPS[index + 1] ?? null;
    const group = { fromDays, toDays, sessions: 0, actions: 0 };
    for (const [days, { sessions, actions }] of bars) {
      if (days < fromDays || (toDays !== null && days >= toDays)) continue;
      group.sessions += sessions;
      group.actions += actions;
    }
    return group;
  });
  return groups.filter(({ sessions }) => sessions > 0);
}

function byDay({ byDay: bars }: PurgePreview) {
  return [...bars].sort(([a], [b]) => a - b);
}

function ageTable(found: PurgePreview): string {
  const groups = byAge(found);
  return formatTable(
    ["INACTIVE FOR", "SESSIONS", "ACTIONS", ""],
    groups.map(({ fromDays, toDays, sessions, actions }) => [
      toDays === null
        ? `${fromDays} days or more`
        : `${fromDays} to ${toDays} days`,
      formatNumber(sessions),
      formatNumber(actions),
      barOf(sessions, groups),
    ]),
  );
}

/** Days shown on a screen; the earlier ones are in `--json`. */
const MAX_DAYS = 31;

function dayTable(context: CliContext, found: PurgePreview): string {
  const days = byDay(found);
  const shown = days.slice(-MAX_DAYS);
  const hidden = days.slice(0, -MAX_DAYS);
  const earlier = hidden.reduce((sum, [, { sessions }]) => sum + sessions, 0);
  const bars = shown.map(([, bar]) => bar);
  const table = formatTable(
    ["LAST ACTIVE ON", "SESSIONS", "ACTIONS", ""],
    shown.map(([day, bar]) => [
      dayOf(day),
      formatNumber(bar.sessions),
      formatNumber(bar.actions),
      barOf(bar.sessions, bars),
    ]),
  );
  if (hidden.length === 0) return table;
  return `${table}\n${countOf(earlier, "session")} on ${countOf(hidden.length, "earlier day")}; --json has every day.`;
}

const BAR_WIDTH = 20;

/** At least a trace of what there is. */
function barOf(sessions: number, bars: Array<{ sessions: number }>): string {
  const most = Math.max(...bars.map((bar) => bar.sessions));
  return "#".repeat(Math.max(1, Math.round((sessions / most) * BAR_WIDTH)));
}

function dayOf(ms: number): string {
  return iso(ms).slice(0, 10);
}

/** 1.5 MiB; 1,023 bytes */
export function formatBytes(bytes: number): string {
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
