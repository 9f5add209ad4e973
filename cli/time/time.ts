/** Times and durations in words. Without a library: each command loads this before it can answer. */

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

/** The time as ISO 8601 in UTC, for programs. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

export function isoOrNull(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : iso(ms);
}

export function isUtc(timeZone: string): boolean {
  return timeZone === "UTC" || timeZone === "Etc/UTC";
}

/** The time for people, in UTC; to the second. */
export function formatTime(ms: number): string {
  return `${iso(ms).slice(0, 19).replace("T", " ")} UTC`;
}

const HOUR_MS = UNITS_MS.h;
const DAY_MS = UNITS_MS.d;

/** The units that times are counted in, largest first; a month and a year have their average length. */
const SPANS: ReadonlyArray<readonly [unit: string, ms: number]> = [
  ["year", 365.25 * DAY_MS],
  ["month", 30.44 * DAY_MS],
  ["day", DAY_MS],
  ["hour", HOUR_MS],
  ["minute", UNITS_MS.m],
  ["second", UNITS_MS.s],
];

/** The part by which a time in one unit may be off: 60 days are 2 months, 90 minutes are no hour. */
const TOLERANCE = 1 / 8;

/** The distance to a time in the largest unit that says it nearly: "in 3 hours", "2 days ago". */
export function formatRelative(ms: number, now: number): string {
  const awayMs = Math.abs(ms - now);
  const text = nearly(awayMs);
  return ms > now ? `in ${text}` : `${text} ago`;
}

function nearly(spanMs: number): string {
  for (const [unit, unitMs] of SPANS) {
    // Halves are rounded down.
    const count = Math.ceil(spanMs / unitMs - 0.5);
    const offMs = Math.abs(count * unitMs - spanMs);
    if (spanMs >= unitMs && offMs <= spanMs * TOLERANCE) {
      return amount(count, unit);
    }
  }
  return amount(Math.floor(spanMs / UNITS_MS.s), "second");
}

/** The duration in its two largest units, of days at most: "1 hour 30 minutes". */
export function formatDuration(ms: number): string {
  const parts: string[] = [];
  let restMs = ms;
  for (const [unit, unitMs] of SPANS.slice(2)) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count >= 1) parts.push(amount(count, unit));
  }
  return parts.slice(0, 2).join(" ");
}

/** The duration in its two largest units as tables have it: "1h 30m", "45s", "0s". */
export function formatShortDuration(ms: number): string {
  const parts: string[] = [];
  let restS = Math.round(ms / UNITS_MS.s);
  for (const unit of ["d", "h", "m", "s"] as const) {
    const unitS = UNITS_MS[unit] / UNITS_MS.s;
    const count = Math.floor(restS / unitS);
    restS -= count * unitS;
    if (count >= 1) parts.push(`${count}${unit}`);
    // A unit that is left out ends it: "1h 5s" would say more than "1h".
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(" ") || "0s";
}

function amount(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
