/** Settings in words: all that are in force, and those that changed. */
import type { CliContext } from "../context.js";
import { widthOf } from "../terminal/output.js";
import { formatNumber, retentionText } from "../terminal/words.js";
import { isRetention, nameOf } from "./patch.js";
import { termsText } from "../schedules/table.js";
import { printable } from "../terminal/printable.js";
import { formatTable } from "../terminal/table.js";
import { formatDuration, formatTime } from "../time/time.js";
import type { Schedule } from "../../convex/sessionTracker/shared/schedules.js";
import type { Settings } from "../../convex/sessionTracker/shared/settings.js";

/** A line for each changed field, as in "retentionDays: 14 days → 7 days". */
export function changeLines(
  before: Partial<Settings>,
  after: Partial<Settings>,
): string[] {
  const was = flatten(before);
  return [...flatten(after)]
    .filter(([field, value]) => was.get(field) !== value)
    .map(([field, value]) =>
      printable(`${field}: ${was.get(field) ?? "-"} → ${value}`),
    );
}

/** Every setting by the names it is set by. */
export function settingsTable(context: CliContext, settings: Settings): string {
  return formatTable(
    ["SETTING", "VALUE"],
    [...flatten(settings)].map(([field, value]) => [nameOf(field), value]),
    widthOf(context),
  );
}

function flatten(settings: Partial<Settings>): Map<string, string> {
  const flat = new Map<string, string>();
  const { schedules, ...policy } = settings;
  for (const [field, value] of Object.entries(policy)) {
    if (field !== "revision") flat.set(field, valueText(field, value));
  }
  for (const [name, schedule] of Object.entries(schedules ?? {})) {
    flat.set(`schedules.${name}`, scheduleText(schedule));
  }
  return flat;
}

function valueText(field: string, value: number | string): string {
  if (isRetention(field)) {
    return retentionText(value as Settings[typeof field]);
  }
  if (typeof value === "string") return value;
  if (!field.endsWith("Ms")) return formatNumber(value);
  return formatDuration(value) || `${value} ms`;
}

function scheduleText(schedule: Schedule): string {
  const { spec, timeZone, paused } = schedule;
  const terms = termsText(schedule);
  const text = `"${spec}" ${timeZone}${terms === "" ? "" : `, ${terms}`}`;
  if (paused === undefined) return text;
  const until =
    paused.until === undefined ? "" : ` until ${formatTime(paused.until)}`;
  return `${text}, paused${until}: ${paused.reason}`;
}
