/** Times as people give them, and in time zones: what needs a library for calendars. */
import { DateTime } from "luxon";
import { CliError } from "./errors.js";
import { readDuration } from "./time.js";

const MOMENT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}.*)?$/;

/**
 * Reads `YYYY-MM-DD` (midnight) or ISO 8601; UTC unless the text names an offset.
 * @returns ms since the epoch, or `null` where it is neither
 */
export function readTime(text: string): number | null {
  if (!MOMENT.test(text)) return null;
  const moment = DateTime.fromISO(text, { zone: "utc" });
  return moment.isValid ? moment.toMillis() : null;
}

/** The time that an option names. */
export function parseTime(text: string, option: string): number {
  const time = readTime(text);
  if (time !== null) return time;
  throw new CliError(
    "usage",
    `${option} ${JSON.stringify(text)} is not a time. Give YYYY-MM-DD (midnight UTC) or ISO 8601, such as 2026-08-01T12:00:00Z.`,
  );
}

/** The time that an option names: itself, or how long ago it was. */
export function parseMoment(text: string, option: string, now: number): number {
  const agoMs = readDuration(text);
  const time = agoMs === null ? readTime(text) : now - agoMs;
  if (time !== null) return time;
  throw new CliError(
    "usage",
    `${option} ${JSON.stringify(text)} is neither a time nor how long ago. Give YYYY-MM-DD (midnight UTC), ISO 8601 such as 2026-08-01T12:00:00Z, or 45m, 2h, 7d.`,
  );
}

/** For people; to the second. */
export function formatZonedTime(ms: number, zone: string): string {
  const moment = DateTime.fromMillis(ms, { zone });
  return `${moment.toFormat("yyyy-MM-dd HH:mm:ss")} ${moment.offsetNameShort ?? zone}`;
}
