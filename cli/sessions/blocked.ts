import { formatTime } from "../time/time.js";

/** How long a visitor is kept away, for people: "for good" or "until 2026-08-01 12:00:00 UTC". */
export function blockedText(until: string): string {
  return until === "forever"
    ? "for good"
    : `until ${formatTime(Date.parse(until))}`;
}
