/** The longest time between two fires, which settings are held against. */
import { expect, test } from "vitest";
import { firesOutside, longestGapMs } from "../../../cli/schedules/cronGap.js";
import {
  HORIZON_DAYS,
  walkFires,
} from "../../../convex/sessionTracker/schedules/fires.js";
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
  expect(longestGapMs({ spec }, NOW)).toBe(gapMs);
});

test.each([
  ["*/15 * * * *", "01:00-05:00", 20 * HOUR_MS + 15 * MINUTE_MS, 80],
  ["30 2,14 * * 5L", "22:00-04:00", 35 * DAY_MS, 1],
  ["30 2 * * 1#2", "01:00-05:00", 35 * DAY_MS, 0],
])(
  "%s within %s has a longest gap of %d ms, and %d fires a day outside",
  (spec, text, gapMs, outside) => {
    const [opens = "", closes = ""] = text.split("-");
    const schedule = { spec, window: { opens, closes } };
    expect(longestGapMs(schedule, NOW)).toBe(gapMs);
    expect(firesOutside(schedule)).toMatchObject({ outside });
  },
);

test("for specs with # and L of all kinds it is the longest gap of their fires", () => {
  const until = NOW + 2 * HORIZON_DAYS * DAY_MS;
  const weekdays = ["1#2", "1#5", "5L", "0L,3"];
  const specs = ["*", "13", "L", "15,L"].flatMap((day) => [
    ...weekdays.map((weekday) => `30 2 ${day} * ${weekday}`),
    ...(day.includes("L") ? [`30 2 ${day} * *`, `30 2 ${day} 2,11 *`] : []),
  ]);
  for (const spec of specs) {
    // The fires are held against those of crons' own parser elsewhere.
    let last: number | null = null;
    let longest: number | null = null;
    for (const { at } of walkFires({ spec, timeZone: "UTC" }, NOW)) {
      if (at >= until) break;
      if (last !== null) longest = Math.max(longest ?? 0, at - last);
      last = at;
    }
    const found = longestGapMs({ spec }, NOW);
    expect({ spec, found }).toEqual({ spec, found: longest });
  }
});

test("a spec that fires too rarely to tell has no longest gap", () => {
  // February has a fifth Monday every 28 years.
  expect(longestGapMs({ spec: "30 2 * 2 1#5" }, NOW)).toBeNull();
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
