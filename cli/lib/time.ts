import { DateTime, Duration } from "luxon";
import { CliError } from "./errors.js";

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

const UNITS_MS = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Reads "90s", "45m", "2h", "7d" or "4w". @returns ms, or `null` where it is none of these */
export function readDuration(text: string): number | null {
  const [, amount = "", unit = ""] =
    /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text) ?? [];
  return unit === ""
    ? null
    : Math.round(Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS]);
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

/** ISO 8601 in UTC, for programs. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

export function isoOrNull(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : iso(ms);
}

export function isUtc(timeZone: string): boolean {
  return timeZone === "UTC" || timeZone === "Etc/UTC";
}

/** For people; to the second. */
export function formatTime(ms: number, zone = "utc"): string {
  const moment = DateTime.fromMillis(ms, { zone });
  const name = zone === "utc" ? "UTC" : (moment.offsetNameShort ?? zone);
  return `${moment.toFormat("yyyy-MM-dd HH:mm:ss")} ${name}`;
}

/** "in 3 hours", "2 days ago". */
export function formatRelative(ms: number, now: number): string {
  return (
    DateTime.fromMillis(ms, { zone: "utc", locale: "en" }).toRelative({
      base: DateTime.fromMillis(now, { zone: "utc" }),
    }) ?? ""
  );
}

/** The two largest units: "1 hour 30 minutes". */
export function formatDuration(ms: number): string {
  const { days, hours, minutes, seconds } = Duration.fromMillis(ms).shiftTo(
    ...(["days", "hours", "minutes", "seconds"] as const),
  );
  return Object.entries({ days, hours, minutes, seconds })
    .filter(([, amount]) => amount >= 1)
    .slice(0, 2)
    .map(([units, amount]) => {
      const whole = Math.floor(amount);
      return `${whole} ${whole === 1 ? units.slice(0, -1) : units}`;
    })
    .join(" ");
}
