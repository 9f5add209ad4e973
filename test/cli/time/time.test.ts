import { expect, test } from "vitest";
import { formatRelative } from "../../../cli/time/time.js";

const NOW = Date.UTC(2026, 7, 15, 12);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [0, "0 seconds"],
  [999, "0 seconds"],
  [SECOND, "1 second"],
  [59 * SECOND, "59 seconds"],
  [MINUTE, "1 minute"],
  [67 * SECOND, "1 minute"],
  [69 * SECOND, "69 seconds"],
  [90 * SECOND, "90 seconds"],
  [59 * MINUTE, "59 minutes"],
  [HOUR - 1, "60 minutes"],
  [HOUR, "1 hour"],
  [67 * MINUTE, "1 hour"],
  [90 * MINUTE, "90 minutes"],
  [110 * MINUTE, "2 hours"],
  [2 * HOUR, "2 hours"],
  [14.5 * HOUR, "14 hours"],
  [23 * HOUR, "23 hours"],
  [DAY, "1 day"],
  [36 * HOUR, "36 hours"],
  [2 * DAY, "2 days"],
  [14 * DAY, "14 days"],
  [30 * DAY, "30 days"],
  [31 * DAY, "1 month"],
  [45 * DAY, "45 days"],
  [60 * DAY, "2 months"],
  [90 * DAY, "3 months"],
  [364 * DAY, "12 months"],
  [366 * DAY, "1 year"],
  [540 * DAY, "18 months"],
  [731 * DAY, "2 years"],
])("formatRelative says %d ms as %s", (ms, text) => {
  expect(formatRelative(NOW - ms, NOW)).toBe(`${text} ago`);
  if (ms > 0) expect(formatRelative(NOW + ms, NOW)).toBe(`in ${text}`);
});

test("formatRelative is never off by more than an eighth", () => {
  const units: Record<string, number> = {
    second: SECOND,
    minute: MINUTE,
    hour: HOUR,
    day: DAY,
    month: 30.44 * DAY,
    year: 365.25 * DAY,
  };
  for (let ms = 8 * SECOND; ms < 4_000 * DAY; ms *= 1.01) {
    const text = formatRelative(NOW - ms, NOW);
    const [, count = "", unit = ""] = /^(\d+) (\w+?)s? ago$/.exec(text) ?? [];
    const said = Number(count) * (units[unit] ?? NaN);
    expect(Math.abs(said - ms) / ms, `${ms}: ${text}`).toBeLessThan(0.126);
  }
});
