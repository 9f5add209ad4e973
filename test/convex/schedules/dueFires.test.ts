/** Each time that a schedule is due has exactly one run, or one for all that were missed. */
import { Crons } from "@convex-dev/crons";
import { describe, expect, test, vi } from "vitest";
import { advance } from "../support/clock.js";
import {
  checkWatchdog,
  purgesOf,
  setSpec,
  setUpWithRefill,
} from "../support/fireKit.js";
import {
  api,
  components,
  DAY_MS,
  fakeClock,
  HOUR_MS,
  MINUTE_MS,
} from "../support/fresh.js";
import type { Component } from "../support/rows.js";

const at = (iso: string) => Date.parse(iso);

let t: Component;
fakeClock(at("2026-03-01T00:00Z"));

async function begin(iso: string, spec: string, timeZone = "UTC") {
  vi.setSystemTime(at(iso));
  t = await setUpWithRefill();
  await setSpec(t, "purge", spec, timeZone);
}

/** Lets time go on to the given moment; the watchdog checks on the way, seven minutes after each quarter. */
async function goOn(iso: string, { watched = false } = {}) {
  const end = at(iso);
  const period = 15 * MINUTE_MS;
  for (;;) {
    const now = Date.now();
    const next = Math.floor((now - 7 * MINUTE_MS) / period + 1) * period;
    const check = next + 7 * MINUTE_MS;
    if (!watched || check > end) break;
    await advance(t, check - now);
    await checkWatchdog(t);
  }
  await advance(t, end - Date.now());
}

/** The process stands still: its timers do not run, and time goes on. */
function stop(untilIso: string) {
  vi.setSystemTime(at(untilIso));
}

describe("where clocks go forward", () => {
  test("a daily time that is skipped is due by the skipped hour later", async () => {
    await begin("2026-03-27T00:00Z", "30 2 * * *", "Europe/Berlin");
    await goOn("2026-03-31T00:00Z");
    expect(await purgesOf(t)).toEqual([
      "2026-03-27T01:30:00.000Z",
      "2026-03-28T01:30:00.000Z",
      // 03:30 in summer time.
      "2026-03-29T01:30:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
  });

  test("a weekly time that is skipped is due by the skipped hour later", async () => {
    await begin("2026-03-16T00:00Z", "30 2 * * 0", "Europe/Berlin");
    await goOn("2026-04-06T00:00Z");
    expect(await purgesOf(t)).toEqual([
      "2026-03-22T01:30:00.000Z",
      "2026-03-29T01:30:00.000Z",
      "2026-04-05T00:30:00.000Z",
    ]);
  });

  test.each([
    {
      what: "a day whose midnight does not exist",
      spec: "0 0 * * *",
      timeZone: "Asia/Beirut",
      from: "2026-03-28T20:00Z",
      to: "2026-03-29T22:00Z",
      due: ["2026-03-28T22:00", "2026-03-29T21:00"],
    },
    {
      what: "a week whose midnight does not exist",
      spec: "0 0 * * 0",
      timeZone: "Asia/Beirut",
      from: "2026-03-28T20:00Z",
      to: "2026-03-29T01:00Z",
      due: ["2026-03-28T22:00"],
    },
    {
      what: "two o'clock where half an hour is left out",
      spec: "0 2 * * *",
      timeZone: "Australia/Lord_Howe",
      from: "2026-10-03T14:00Z",
      to: "2026-10-04T16:00Z",
      due: ["2026-10-03T15:30", "2026-10-04T15:00"],
    },
  ])(
    "a fire of $what is not lost",
    async ({ spec, timeZone, from, to, due }) => {
      await begin(from, spec, timeZone);
      await goOn(to, { watched: true });
      expect(await purgesOf(t)).toEqual(due.map((time) => `${time}:00.000Z`));
    },
  );
});

describe("where clocks go back", () => {
  test.each([
    {
      what: "half an hour, over a time that comes twice",
      spec: "45 1 * * *",
      timeZone: "Australia/Lord_Howe",
      from: "2026-04-04T13:00Z",
      to: "2026-04-05T16:00Z",
      due: ["2026-04-04T14:45", "2026-04-05T15:15"],
    },
    {
      what: "half an hour, to a time before two o'clock",
      spec: "0 2 * * *",
      timeZone: "Australia/Lord_Howe",
      from: "2026-04-04T13:00Z",
      to: "2026-04-05T16:00Z",
      due: ["2026-04-04T15:30", "2026-04-05T15:30"],
    },
    {
      what: "an hour, from midnight to eleven",
      spec: "30 23 * * 6",
      timeZone: "America/Santiago",
      from: "2026-04-05T01:00Z",
      to: "2026-04-05T05:00Z",
      due: ["2026-04-05T02:30"],
    },
  ])(
    "$what: each fire has one run",
    async ({ spec, timeZone, from, to, due }) => {
      await begin(from, spec, timeZone);
      await goOn(to, { watched: true });
      expect(await purgesOf(t)).toEqual(due.map((time) => `${time}:00.000Z`));
    },
  );
});

describe("after a stop", () => {
  test.each([
    { lasting: "20 minutes", until: "2026-03-01T02:50:00Z" },
    { lasting: "six hours", until: "2026-03-01T08:30:00Z" },
    { lasting: "a week", until: "2026-03-08T02:10:00Z" },
  ])(
    "of $lasting the watchdog makes one run for all fires missed",
    async ({ until }) => {
      await begin("2026-03-01T00:00Z", "30 2 * * *");
      await goOn("2026-03-01T02:29:59Z");
      stop(until);
      await checkWatchdog(t);
      await advance(t, 15 * MINUTE_MS);
      expect(await purgesOf(t)).toEqual([inTheSecondOf(until)]);
      // Later fires come at their own times again.
      await advance(t, 2 * DAY_MS);
      expect((await purgesOf(t)).slice(1)).toEqual(dueSince(at(until)));
    },
  );

  test("another spec keeps the fire that was due by the old one", async () => {
    await begin("2026-03-01T00:00Z", "30 2 * * *");
    await goOn("2026-03-01T02:29:59Z");
    stop("2026-03-01T02:40:00Z");
    await setSpec(t, "purge", "0 5 * * *", "UTC");
    await goOn("2026-03-01T06:00Z");
    expect(await purgesOf(t)).toEqual([
      inTheSecondOf("2026-03-01T02:40:00Z"),
      "2026-03-01T05:00:00.000Z",
    ]);
  });

  test("doctor --fix registers the lost schedule and makes one run for its fires", async () => {
    await begin("2026-03-01T00:00Z", "30 2 * * *");
    await t.mutation((ctx) =>
      new Crons(components.crons).delete(ctx, { name: "purge" }),
    );
    await goOn("2026-03-01T03:00Z");
    await t.mutation(api.operator.health.repair, {});
    await goOn("2026-03-02T03:00Z");
    expect(await purgesOf(t)).toEqual([
      "2026-03-01T03:00:00.000Z",
      "2026-03-02T02:30:00.000Z",
    ]);
  });
});

test("a spec set between a fire and its tick keeps that fire's run", async () => {
  await begin("2026-03-01T02:29:59.500Z", "30 2 * * *");
  // The fire's time has come, and its tick is enqueued but has not run.
  vi.setSystemTime(at("2026-03-01T02:30:00.001Z"));
  await setSpec(t, "purge", "30 2 * * *", "Europe/Berlin");
  await goOn("2026-03-01T03:00Z");
  expect(await purgesOf(t)).toEqual([inTheSecondOf("2026-03-01T02:30:00Z")]);
});

describe("a pause until the time of a fire", () => {
  const until = at("2026-03-02T02:30Z");

  test("is over at that fire, as status, preview and run agree", async () => {
    await begin("2026-03-01T00:00Z", "30 2 * * *");
    const { schedule } = await pause(until);
    expect(schedule.nextAt).toBe(until);
    const { fires } = await t.query(api.schedules.show.preview, {
      name: "purge",
      count: 2,
    });
    expect(fires).toEqual([until, until + DAY_MS]);
    await goOn("2026-03-03T00:00Z");
    expect(await purgesOf(t)).toEqual(["2026-03-02T02:30:00.000Z"]);
  });

  test("covers a fire before its end whose tick comes after", async () => {
    await begin("2026-03-01T00:00Z", "30 2 * * *");
    await pause(at("2026-03-01T02:30:00.001Z"));
    stop("2026-03-01T02:45Z");
    await checkWatchdog(t);
    await advance(t, HOUR_MS);
    expect(await purgesOf(t)).toEqual([]);
  });

  test("that is resumed sooner starts no run for the fires it covered", async () => {
    await begin("2026-03-01T00:00Z", "30 2 * * *");
    await pause(at("2026-03-05T00:00Z"));
    stop("2026-03-01T02:45Z");
    await t.mutation(api.schedules.change.resume, {
      name: "purge",
      actor: "test",
    });
    await checkWatchdog(t);
    await advance(t, HOUR_MS);
    expect(await purgesOf(t)).toEqual([]);
  });

  function pause(end: number) {
    return t.mutation(api.schedules.change.pause, {
      name: "purge",
      reason: "audit",
      actor: "test",
      until: end,
    });
  }
});

/**
 * Matches the time of a timer that stood still with its process, and so fired late by what it had left, up to a
 * second.
 */
function inTheSecondOf(time: string): unknown {
  const [second = time] = new Date(time).toISOString().split(".");
  return expect.stringMatching(new RegExp(`^${second.slice(0, -1)}[01]\\.`));
}

/** Each half past two after the given time and up to now. */
function dueSince(from: number): string[] {
  const times = [];
  for (
    let due = from - (from % DAY_MS) + 2.5 * HOUR_MS;
    due <= Date.now();
    due += DAY_MS
  ) {
    if (due > from) times.push(new Date(due).toISOString());
  }
  return times;
}
