/** The longest time between two fires, which settings are held against. */
import { expect, test } from "vitest";
import { longestGapMs } from "../../../cli/schedules/cronGap.js";
import { contradictionTexts } from "../../../cli/settings/contradictions.js";
import { DEFAULT_SETTINGS } from "../../../convex/sessionTracker/shared/settings.js";
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";

const NOW = Date.UTC(2026, 2, 1);

test.each([
  ["*/15 * * * *", 15 * MINUTE_MS],
  ["0 9-17 * * *", 16 * HOUR_MS],
  ["30 2 * * *", DAY_MS],
  ["30 2 * * 1", 7 * DAY_MS],
  ["30 2 * * 1-5", 3 * DAY_MS],
  ["30 2 * * 7", 7 * DAY_MS],
  ["30 2 1 * *", 31 * DAY_MS],
  ["30 2 L * *", 31 * DAY_MS],
  // The last Friday and the second Monday are four or five weeks apart.
  ["30 2 * * 5L", 35 * DAY_MS],
  ["30 2 * * 1#2", 35 * DAY_MS],
  // A month does not always have a fifth one.
  ["30 2 * * 1#5", 119 * DAY_MS],
  ["30 2 13 * 5", 7 * DAY_MS],
  ["30 2 29 2 *", 1461 * DAY_MS],
  ["30 2 1 1 *", 366 * DAY_MS],
])("%s has a longest gap of %d ms", (spec, gapMs) => {
  expect(longestGapMs(spec, NOW)).toBe(gapMs);
});

test("a spec that fires too rarely to tell has no longest gap", () => {
  // February has a fifth Monday every 28 years.
  expect(longestGapMs("30 2 * 2 1#5", NOW)).toBeNull();
});

test.each(["30 2 * * 5L", "30 2 * * 1#2", "30 2 29 2 *", "30 2 * 2 1#5"])(
  "purges by %s are rarer than a retention of 14 days, which is said",
  (spec) => {
    const { schedules } = DEFAULT_SETTINGS;
    const purge = { spec, timeZone: "UTC" };
    const [warning] = contradictionTexts(
      { ...DEFAULT_SETTINGS, schedules: { ...schedules, purge } },
      NOW,
    );
    expect(warning).toMatch(/^The retention \(14 days\) is shorter than/);
  },
);
