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

/** ISO 8601 in UTC, for programs. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

export function isoOrNull(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : iso(ms);
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
