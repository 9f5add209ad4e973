import { describe, expect, it } from "vitest";
import {
  checkCronSpec,
  nextFireMs,
  type CronSchedule,
} from "../../src/scheduler/cronSpec.js";

const next = (schedule: CronSchedule, after: string) =>
  new Date(nextFireMs(schedule, "name", Date.parse(after))).toISOString();

describe("the next fire", () => {
  const cases: [CronSchedule, string, string][] = [
    [
      { type: "interval", seconds: 30 },
      "2026-01-01T00:00:00.500Z",
      "2026-01-01T00:00:30.500Z",
    ],
    [
      { type: "interval", minutes: 15 },
      "2026-01-01T00:00:00Z",
      "2026-01-01T00:15:00.000Z",
    ],
    [
      { type: "interval", hours: 2 },
      "2026-01-01T00:00:00Z",
      "2026-01-01T02:00:00.000Z",
    ],
    [
      { type: "hourly", minuteUTC: 5 },
      "2026-01-01T00:05:00Z",
      "2026-01-01T01:05:00.000Z",
    ],
    [
      { type: "daily", hourUTC: 2, minuteUTC: 30 },
      "2026-01-01T02:29:59.999Z",
      "2026-01-01T02:30:00.000Z",
    ],
    [
      { type: "weekly", dayOfWeek: "sunday", hourUTC: 0, minuteUTC: 0 },
      "2026-01-01T00:00:00Z",
      "2026-01-04T00:00:00.000Z",
    ],
    [
      { type: "weekly", dayOfWeek: "saturday", hourUTC: 0, minuteUTC: 0 },
      "2026-01-01T00:00:00Z",
      "2026-01-03T00:00:00.000Z",
    ],
    [
      { type: "monthly", day: 31, hourUTC: 1, minuteUTC: 0 },
      "2026-02-01T00:00:00Z",
      "2026-03-31T01:00:00.000Z",
    ],
    [
      { type: "cron", cron: "*/20 * * * *" },
      "2026-01-01T00:20:00Z",
      "2026-01-01T00:40:00.000Z",
    ],
    // In UTC, whatever the machine's zone does at the end of March.
    [
      { type: "cron", cron: "30 2 29 3 *" },
      "2026-01-01T00:00:00Z",
      "2026-03-29T02:30:00.000Z",
    ],
  ];
  it.each(cases)("of %j after %s is %s", (schedule, after, fire) => {
    expect(next(schedule, after)).toBe(fire);
  });

  it("has a minute derived from the name when the schedule has none", () => {
    const minutes = ["a", "b", "c", "d"].map((name) =>
      new Date(nextFireMs({ type: "hourly" }, name, 0)).getUTCMinutes(),
    );
    expect(new Set(minutes).size).toBeGreaterThan(1);
    expect(
      new Date(
        nextFireMs({ type: "daily", hourUTC: 4 }, "a", 0),
      ).getUTCMinutes(),
    ).toBe(minutes[0]);
  });

  // Crons that an earlier version stored go on as they were, until a push brings them again.
  it("of an expression that Convex does not have is by cron-parser", () => {
    expect(
      next({ type: "cron", cron: "0 0 * * 7" }, "2026-01-01T00:00:00Z"),
    ).toBe("2026-01-04T00:00:00.000Z");
  });
});

describe("a pushed cron", () => {
  const check = (schedule: unknown, identifier = "name") =>
    checkCronSpec(identifier, {
      name: "app:tidy",
      args: [{}],
      schedule: schedule as CronSchedule,
    });

  it.each([
    [{ type: "interval", seconds: 1, hours: 1 }, "Exactly one of"],
    [{ type: "interval" }, "Exactly one of"],
    [
      { type: "interval", minutes: 0 },
      "Interval must be an integer greater than 0",
    ],
    [
      { type: "interval", seconds: 1.5 },
      "Interval must be an integer greater than 0",
    ],
    [{ type: "hourly", minuteUTC: 60 }, "minuteUTC must be 0-59 in"],
    [{ type: "daily", hourUTC: 24 }, "hourUTC must be 0-23 in"],
    [{ type: "monthly", hourUTC: 0, day: 32 }, "day of month must be 1-31 in"],
    [
      { type: "cron", cron: "0 0 31 2 *" },
      'The cron spec "0 0 31 2 *" will never match any time',
    ],
    [{ type: "cron", cron: "61 * * * *" }, "Failed to parse cron expression"],
  ])("with %j is refused", (schedule, problem) => {
    expect(() => check(schedule)).toThrow(problem);
  });

  it("needs a name of ASCII characters", () => {
    const hourly = { type: "hourly", minuteUTC: 1 };
    expect(() => check(hourly, "täglich")).toThrow(
      'CronIdentifier täglich has invalid character "ä"',
    );
    expect(() => check(hourly, "every 2 minutes (UTC)!")).not.toThrow();
  });
});
