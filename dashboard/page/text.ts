/** Numbers and times, as the page writes them. */

export function numberText(value: number): string {
  return value.toLocaleString("en");
}

/** A bounded count: at its limit it says "that many or more". */
export function atLeast(count: number, isCapped: boolean): string {
  return `${numberText(count)}${isCapped ? "+" : ""}`;
}

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
] as const;

/** In the largest unit that fits, and the next one: "1 hour 30 minutes". */
export function durationText(ms: number): string {
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, unitMs] of UNITS) {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    if (count > 0) parts.push(`${count} ${unit}${count === 1 ? "" : "s"}`);
  }
  return parts.slice(0, 2).join(" ") || "0 seconds";
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/**
 * "in 3 hours", "2 days ago".
 * @param now may be some seconds old, so a moment that is over is no later than it
 */
export function relativeText(
  moment: number,
  now: number,
  isAhead: boolean,
): string {
  const at = isAhead ? moment : Math.min(moment, now);
  for (const [unit, unitMs] of UNITS) {
    const count = Math.trunc((at - now) / unitMs);
    if (count !== 0 && unit !== "second") return relative.format(count, unit);
  }
  return at > now ? "in less than a minute" : "just now";
}

/** 2026-08-15 12:00 */
export function utcText(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ");
}

export function localText(at: number): string {
  return new Date(at).toLocaleString("en", {
    dateStyle: "medium",
    timeStyle: "long",
  });
}
