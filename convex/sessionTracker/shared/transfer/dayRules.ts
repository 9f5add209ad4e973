/** The rules for figures of days that an import brings, as the component and the CLI check them. */
import type { Day } from "../days.js";
import { CLOCK_SLACK_MS } from "../times.js";

const COUNTS = ["newVisitors", "visits", "bounces", "actions"] as const;

/**
 * The first fault of a day's figures, as the rest of a sentence; `null` where there is none.
 * @param now in ms since the epoch
 */
export function problemOfDay(day: Day, now: number): string | null {
  const { day: name, visits, newVisitors, bounces, engagedMs } = day;
  if (!isDay(name)) {
    return `day must be a UTC day like 2026-08-15, got ${JSON.stringify(name)}`;
  }
  if (Date.parse(name) > now + CLOCK_SLACK_MS) {
    return `day (${name}) lies in the future`;
  }
  for (const field of COUNTS) {
    if (Number.isSafeInteger(day[field]) && day[field] >= 0) continue;
    return `${field} must be a whole number from 0, got ${day[field]}`;
  }
  if (!(Number.isFinite(engagedMs) && engagedMs >= 0)) {
    return `engagedMs must be a number of milliseconds from 0, got ${engagedMs}`;
  }
  for (const [field, count] of Object.entries({ newVisitors, bounces })) {
    if (count <= visits) continue;
    return `${field} (${count}) are more than visits (${visits})`;
  }
  return null;
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = Date.parse(text);
  return !Number.isNaN(at) && new Date(at).toISOString().slice(0, 10) === text;
}
