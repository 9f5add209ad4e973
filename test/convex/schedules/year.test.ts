/** A year of fires with windows and jitter: each due day has its run, none twice. */
import { describe, expect, test } from "vitest";
import { firingsAfter } from "../../../convex/sessionTracker/schedules/firings.js";
import { firesAfter } from "../../../convex/sessionTracker/schedules/fires.js";
import type { Schedule } from "../../../convex/sessionTracker/shared/schedules.js";
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";
import { openingAt } from "../../../convex/sessionTracker/shared/fires/windows.js";
import { CHANGES } from "../support/clockKit.js";
import { dayAt, daysOf, startsBetween } from "./yearKit.js";

const ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];

const BEGIN = Date.parse("2026-01-01T12:10Z");
const END = BEGIN + 365 * DAY_MS;

const NIGHT = { opens: "01:00", closes: "05:00" };

describe.each(ZONES)("a year in %s", (timeZone) => {
  /** Expects one run on each day from a time to another, within the window and put off by no more than the jitter. */
  function expectDaily(
    terms: Omit<Schedule, "timeZone">,
    from: number,
    to: number,
  ) {
    const schedule = { ...terms, timeZone };
    const { window = NIGHT, jitterMs = 0 } = schedule;
    const starts = startsBetween(schedule, from, to);
    const days = starts.map(({ dueAt }) => dayAt(timeZone, dueAt));
    const [first = "", last = ""] = [days[0], days.at(-1)];
    expect(days).toEqual(
      daysOf(timeZone, from, to).filter((day) => day >= first && day <= last),
    );
    expect(days.length).toBeGreaterThanOrEqual((to - from) / DAY_MS - 1);
    for (const { at, dueAt, count } of starts) {
      expect(count).toBe(1);
      expect(at - dueAt).toBeLessThanOrEqual(jitterMs);
      const { opensAt, closesAt } = openingAt(window, timeZone, dueAt);
      expect([at >= opensAt, at < closesAt]).toEqual([true, true]);
    }
  }

  test("daily, within a night's window, with jitter: one run each day", () => {
    const jitterMs = 45 * MINUTE_MS;
    expectDaily({ spec: "30 2 * * *", window: NIGHT, jitterMs }, BEGIN, END);
  });

  test.each<{ what: string; terms: Omit<Schedule, "timeZone"> }>([
    {
      what: "in a window that the clocks skip, with more jitter than it has room for",
      terms: {
        spec: "15 2 * * *",
        window: { opens: "02:00", closes: "02:30" },
        jitterMs: 6 * HOUR_MS,
      },
    },
    {
      what: "in a window across midnight",
      terms: {
        spec: "45 23 * * *",
        window: { opens: "22:00", closes: "04:00" },
        jitterMs: 15 * MINUTE_MS,
      },
    },
    {
      what: "where only one of three fires falls into the window",
      terms: { spec: "45 1,9,17 * * *", window: NIGHT },
    },
  ])(
    "daily, $what: one run each day, where clocks change, too",
    ({ terms }) => {
      for (const [zone, change] of CHANGES) {
        if (zone !== timeZone) continue;
        const at = Date.parse(change) - 9 * HOUR_MS;
        expectDaily(terms, at - 5 * DAY_MS, at + 5 * DAY_MS);
      }
    },
  );

  test("quarter-hourly, within a night's window: each of its fires has one run, where clocks change, too", () => {
    const schedule = {
      spec: "*/15 * * * *",
      timeZone,
      window: NIGHT,
      jitterMs: 14 * MINUTE_MS,
    };
    for (const [zone, change] of CHANGES) {
      if (zone !== timeZone) continue;
      const begin = Date.parse(change) - 2 * DAY_MS;
      const end = begin + 4 * DAY_MS;
      const due = firesAfter(schedule, begin, 500)
        .map(({ at }) => at)
        .filter((at) => openingAt(NIGHT, timeZone, at).opensAt <= at);
      const starts = startsBetween(schedule, begin, end);
      expect(starts.length).toBeGreaterThan(4 * 16 - 8);
      expect(starts.map(({ dueAt }) => dueAt)).toEqual(
        due.slice(0, starts.length),
      );
    }
  });

  test("with stops of the process, each due day has its run, or those of a stop one together", () => {
    const schedule = {
      spec: "30 2 * * *",
      timeZone,
      window: NIGHT,
      jitterMs: 45 * MINUTE_MS,
    };
    const stops = [17, 60, 88, 200, 304].map((day, i) => {
      const begin = BEGIN + day * DAY_MS + i * 5 * HOUR_MS;
      return [begin, begin + (i + 1) * 20 * HOUR_MS] as const;
    });
    const starts = startsBetween(schedule, BEGIN, END, stops);
    const answered = starts.reduce((sum, { count }) => sum + count, 0);
    const all = startsBetween(schedule, BEGIN, END);
    expect(answered).toBe(all.length);
    const missed = starts.filter(({ count }) => count > 1);
    expect(missed.length).toBeGreaterThan(1);
    expect(missed.length).toBeLessThanOrEqual(stops.length);
  });
});

describe("jitter", () => {
  const schedule = {
    spec: "*/20 * * * *",
    timeZone: "UTC",
    jitterMs: 10 * MINUTE_MS,
  };
  const delays = (id: string, terms: Schedule = schedule) =>
    firingsAfter(
      terms,
      { _id: id as never, _creationTime: 0, name: "purge" },
      { from: BEGIN },
      2_000,
    ).map(({ at, dueAt }) => (at - dueAt) / MINUTE_MS);

  test("is the same each time it is asked for, and another in another deployment", () => {
    expect(delays("one")).toEqual(delays("one"));
    expect(delays("one")).not.toEqual(delays("two"));
  });

  test("is spread evenly from 0 up to what it may be", () => {
    const tenths = new Array<number>(10).fill(0);
    for (const minutes of delays("one")) {
      const tenth = Math.floor(minutes);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    // 200 each, give or take three standard deviations.
    for (const count of tenths) expect(Math.abs(count - 200)).toBeLessThan(41);
  });

  test("never reaches the next fire", () => {
    const hourly = { ...schedule, spec: "* * * * *", jitterMs: HOUR_MS };
    const minutes = delays("one", hourly);
    expect(Math.max(...minutes)).toBeLessThan(1);
    expect(Math.max(...minutes)).toBeGreaterThan(0.9);
  });
});
