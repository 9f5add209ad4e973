/** Numbers and times, as the page writes them. */
import { formatDuration, formatRelative } from "../../cli/time/time.js";

export function numberText(value: number): string {
  return value.toLocaleString("en");
}

/** The count in words; a bounded count at its limit says "that many or more". */
export function atLeast(count: number, isCapped: boolean): string {
  return `${numberText(count)}${isCapped ? "+" : ""}`;
}

/** The duration in words: "1 hour 30 minutes". */
export function durationText(ms: number): string {
  return formatDuration(ms) || "0 seconds";
}

const MINUTE_MS = 60_000;

/**
 * The distance in words: "in 3 hours", "2 days ago"; to the minute.
 * @param now may be some seconds old, so a moment that is over is no later than it
 */
export function relativeText(
  moment: number,
  now: number,
  isAhead: boolean,
): string {
  const at = isAhead ? moment : Math.min(moment, now);
  if (Math.abs(at - now) >= MINUTE_MS) return formatRelative(at, now);
  return at > now ? "in less than a minute" : "just now";
}

/** The time in UTC: 2026-08-15 12:00 */
export function utcText(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ");
}

export function localText(at: number): string {
  return new Date(at).toLocaleString("en", {
    dateStyle: "medium",
    timeStyle: "long",
  });
}
