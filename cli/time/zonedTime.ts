/** Times as people give them, and in time zones: the part that needs a library for calendars. */
import { DateTime } from "luxon";
import { CliError } from "../errors.js";
import { formatTime, readDuration } from "./time.js";

/** The largest time that a date can hold. */
const MAX_TIME = 8.64e15;
const MOMENT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}.*)?$/;
/** Times as `formatTime` and `formatZonedTime` write them, but for zones that go by a name. */
const PRINTED =
  /^(?<day>\d{4}-\d{2}-\d{2}) (?<time>\d{2}:\d{2}(:\d{2})?)( (UTC|GMT)((?<sign>[+-])(?<hours>\d{1,2})(:(?<minutes>\d{2}))?)?)?$/;

/**
 * Reads `YYYY-MM-DD` (midnight), ISO 8601, or a time as it is printed; UTC unless the text names an
 * offset.
 * @returns ms since the epoch, or `null` where it is neither
 */
export function readTime(text: string): number | null {
  const iso = asIso(text);
  if (!MOMENT.test(iso)) return null;
  const moment = DateTime.fromISO(iso, { zone: "utc" });
  return moment.isValid ? moment.toMillis() : null;
}

function asIso(text: string): string {
  const parts = PRINTED.exec(text)?.groups;
  if (parts === undefined) return text;
  const { day, time, sign, hours = "", minutes = "00" } = parts;
  const zone =
    sign === undefined ? "Z" : `${sign}${hours.padStart(2, "0")}:${minutes}`;
  return `${day}T${time}${zone}`;
}

/** The time that an option names. */
export function parseTime(text: string, option: string): number {
  const time = readTime(text);
  if (time !== null) return time;
  throw new CliError(
    "usage",
    `${option} ${JSON.stringify(text)} is not a time. Give YYYY-MM-DD (midnight UTC), ISO 8601 such as 2026-08-01T12:00:00Z, or how long ago: 45m, 2h, 14d.`,
  );
}

/** The time that an option names: a time, or how long ago it was. */
export function parseMoment(text: string, option: string, now: number): number {
  const agoMs = readDuration(text);
  const time = agoMs === null ? readTime(text) : now - agoMs;
  if (time !== null && time >= -MAX_TIME) return time;
  throw new CliError(
    "usage",
    `${option} ${JSON.stringify(text)} is neither a time nor how long ago. Give YYYY-MM-DD (midnight UTC), ISO 8601 such as 2026-08-01T12:00:00Z, or 45m, 2h, 7d.`,
  );
}

/** The duration that an option names, in ms. */
export function parseDuration(text: string, option: string): number {
  const durationMs = readDuration(text);
  if (durationMs !== null) return durationMs;
  throw new CliError(
    "usage",
    `${option} ${JSON.stringify(text)} is no duration. Give 90s, 45m, 2h or 7d.`,
  );
}

/** The time in the future that an option names: a time, or in how long it is. */
export function parseFuture(text: string, option: string, now: number): number {
  const inMs = readDuration(text);
  const time = inMs === null ? readTime(text) : now + inMs;
  if (time === null || time > MAX_TIME) {
    throw new CliError(
      "usage",
      `${option} ${JSON.stringify(text)} is neither a time nor in how long. Give YYYY-MM-DD (midnight UTC), ISO 8601 such as 2026-08-01T12:00:00Z, or 45m, 2h, 7d.`,
    );
  }
  if (time > now) return time;
  throw new CliError(
    "usage",
    `${option} ${text} is ${formatTime(time)}, which has passed. Give a time in the future, or in how long: 45m, 2h, 7d.`,
  );
}

/** The time in a zone for people; to the second. */
export function formatZonedTime(ms: number, zone: string): string {
  const moment = DateTime.fromMillis(ms, { zone });
  return `${moment.toFormat("yyyy-MM-dd HH:mm:ss")} ${moment.offsetNameShort ?? zone}`;
}
