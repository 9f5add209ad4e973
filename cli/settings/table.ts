/** Settings as people read them: values, differences, and what each interval means in time. */
import type { CliContext } from "../context.js";
import { widthOf } from "../terminal/output.js";
import { formatNumber, retentionText } from "../terminal/words.js";
import { printable } from "../terminal/printable.js";
import { formatTable } from "../terminal/table.js";
import {
  formatDuration,
  formatRelative,
  formatTime,
  isUtc,
} from "../time/time.js";
import { formatZonedTime } from "../time/zonedTime.js";
import type { Schedule } from "../../convex/sessionTracker/shared/schedules.js";
import type { Settings } from "../../convex/sessionTracker/shared/settings.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";

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

/** Every setting by the name it is set by. */
export function settingsTable(context: CliContext, settings: Settings): string {
  return formatTable(
    ["SETTING", "VALUE"],
    [...flatten(settings)].map(([field, value]) => [field, value]),
    widthOf(context),
  );
}

/** The intervals as times from now on, in UTC and in the operator's own zone. */
export function intervalTable(
  context: CliContext,
  { retentionDays, idleTimeoutMs, touchAfterMs }: Settings,
): string {
  const now = context.now();
  const moments: Array<[what: string, at: number]> = [
    ...(retentionDays === "never"
      ? []
      : ([
          [
            "a purge now takes who was last active before",
            now - retentionDays * DAY_MS,
          ],
        ] as Array<[string, number]>)),
    ["who is seen now and not again is expired from", now + idleTimeoutMs],
    ["a heartbeat now is written again from", now + touchAfterMs],
  ];
  const { timeZone } = context;
  const isSame = isUtc(timeZone);
  return formatTable(
    ["WITH THESE", "UTC", ...(isSame ? [] : [timeZone]), "IN"],
    moments.map(([what, at]) => [
      what,
      formatTime(at),
      ...(isSame ? [] : [formatZonedTime(at, timeZone)]),
      formatRelative(at, now),
    ]),
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
  if (field === "retentionDays") {
    return retentionText(value as Settings["retentionDays"]);
  }
  if (typeof value === "string") return value;
  if (!field.endsWith("Ms")) return formatNumber(value);
  return formatDuration(value) || `${value} ms`;
}

function scheduleText({ spec, timeZone, paused }: Schedule): string {
  if (paused === undefined) return `"${spec}" ${timeZone}`;
  const until =
    paused.until === undefined ? "" : ` until ${formatTime(paused.until)}`;
  return `"${spec}" ${timeZone}, paused${until}: ${paused.reason}`;
}
