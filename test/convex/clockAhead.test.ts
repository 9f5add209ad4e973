/** A deployment's clock was ahead and is set back: the times that it stored meanwhile prove nothing. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { advance } from "./support/clock.js";
import {
  checkWatchdog,
  purgesOf,
  setSpec,
  setUpWithRefill,
} from "./support/fireKit.js";
import { api, DAY_MS, fakeClock, HOUR_MS, MINUTE_MS } from "./support/fresh.js";
import type { Component } from "./support/rows.js";
import {
  loseLink,
  readRun,
  runToPage,
  seedExpired,
  setPageSize,
  startRun,
  visitors,
} from "./support/runKit.js";
import { setUpComponent } from "./support/setup.js";

const RIGHT = Date.UTC(2026, 2, 1, 3);
const AHEAD = RIGHT + 10 * DAY_MS;

let t: Component;
fakeClock(AHEAD);

describe("schedules", () => {
  beforeEach(async () => {
    t = await setUpWithRefill();
    await setSpec(t, "purge", "30 3 * * *", "UTC");
    await advance(t, HOUR_MS);
    expect(await purgesOf(t)).toEqual(["2026-03-11T03:30:00.000Z"]);
    vi.setSystemTime(RIGHT);
  });

  test.each([
    { who: "the watchdog", mend: () => checkWatchdog(t) },
    {
      who: "doctor --fix",
      mend: () => t.mutation(api.operator.health.repair, {}),
    },
    {
      who: "another spec",
      mend: () => setSpec(t, "purge", "30 3 * * *", "Europe/London"),
    },
  ])(
    "fire again after $who, and make up for the stop by one run",
    async ({ mend }) => {
      await mend();
      await advance(t, DAY_MS + HOUR_MS);
      const purges = await purgesOf(t);
      // The runs are listed by their start.
      expect(purges.at(-1)).toBe("2026-03-11T03:30:00.000Z");
      expect(purges.slice(0, -1).map((at) => at.slice(0, 19))).toEqual([
        "2026-03-01T03:00:00",
        "2026-03-01T03:30:00",
        "2026-03-02T03:30:00",
      ]);
      const [, purge] = await t.query(api.schedules.show.list, {});
      expect(purge?.lastAt).toBeLessThan(Date.now());
    },
  );

  test("fire once when the clock is set back by less than a minute", async () => {
    vi.setSystemTime(AHEAD + HOUR_MS - 30_000);
    await checkWatchdog(t);
    await advance(t, HOUR_MS);
    expect(await purgesOf(t)).toHaveLength(1);
  });
});

describe("a visitor", () => {
  beforeEach(async () => {
    t = setUpComponent();
    await heartbeat("anna");
    vi.setSystemTime(RIGHT);
  });

  test("gets the right last activity at the next heartbeat", async () => {
    expect(await heartbeat("anna")).toMatchObject({
      ok: true,
      state: "touched",
    });
    const found = await t.query(api.operator.show.get, { id: "anna" });
    expect(found?.lease).toMatchObject({ lastActive: RIGHT });
    expect(await heartbeat("anna")).toMatchObject({ state: "unchanged" });
  });

  test("is not listed as active until the next heartbeat", async () => {
    expect(await active()).toEqual([]);
    await heartbeat("anna");
    expect(await active()).toHaveLength(1);
  });

  function heartbeat(anonymousId: string) {
    return t.mutation(api.visitors.heartbeat.beat, { anonymousId });
  }

  function active() {
    return t.query(api.visitors.active.list, { minutesActive: 15, limit: 10 });
  }
});

describe("doctor", () => {
  beforeEach(async () => {
    t = setUpComponent();
    await checkWatchdog(t);
    await t.mutation(api.visitors.heartbeat.beat, {
      anonymousId: "there",
    });
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId: "gone" });
    await t.mutation(api.visitors.end.visit, { anonymousId: "gone" });
    vi.setSystemTime(RIGHT);
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId: "new" });
  });

  test("is told of the schedules, runs and sessions with times in the future", async () => {
    expect(await t.query(api.operator.futureTimes.look, {})).toEqual({
      schedules: ["expire", "purge"],
      watchdog: true,
      runs: [],
      sessions: 2,
      limit: 1_000,
      latest: AHEAD,
    });
  });

  test("sets only those times to now, in bounded calls", async () => {
    await t.mutation(api.operator.health.repair, {});
    expect(
      await t.mutation(api.operator.futureTimes.mend, { limit: 1 }),
    ).toEqual({
      mended: 2,
      isDone: false,
    });
    let isDone = false;
    while (!isDone) {
      ({ isDone } = await t.mutation(api.operator.futureTimes.mend, {
        limit: 1,
      }));
    }
    expect(await t.query(api.operator.futureTimes.look, {})).toMatchObject({
      schedules: [],
      watchdog: false,
      runs: [],
      sessions: 0,
      latest: null,
    });
    const times = await t.run(async (ctx) => {
      const sessions = await ctx.db.query("sessions").collect();
      const leases = await ctx.db.query("leases").collect();
      return [
        ...sessions.map(({ createdAt }) => createdAt),
        ...sessions.map(({ inactiveSince }) => inactiveSince ?? RIGHT),
        ...leases.map(({ lastActive }) => lastActive),
      ];
    });
    expect(new Set(times)).toEqual(new Set([RIGHT]));
    // A visitor who is not seen again expires an idle timeout later.
    await advance(t, HOUR_MS);
    const { sessions } = await t.query(api.operator.status.get, {});
    expect(sessions).toMatchObject({ active: 0, ended: 1 });
  });
});

describe("a run", () => {
  test("whose last progress lies in the future is restarted", async () => {
    t = setUpComponent();
    await setPageSize(t, 2);
    await seedExpired(t, visitors(6, 1_000_000));
    const runId = await startRun(t, "purge");
    await runToPage(t, runId, 1);
    await loseLink(t, runId);
    vi.setSystemTime(RIGHT);
    expect(await t.query(api.operator.futureTimes.look, {})).toMatchObject({
      runs: [runId],
    });
    const { seq } = await readRun(t, runId);
    await checkWatchdog(t);
    expect(await readRun(t, runId)).toMatchObject({
      progressAt: RIGHT,
      seq: seq + 1,
    });
  });
});

test("restarts dated in the future do not blow the watchdog's fuse", async () => {
  t = setUpComponent();
  await checkWatchdog(t);
  await t.run(async (ctx) => {
    const tick = await ctx.db
      .query("ticks")
      .withIndex("name", (q) => q.eq("name", "watchdog"))
      .unique();
    if (tick !== null) {
      const restarts = Array.from({ length: 5 }, () => AHEAD);
      await ctx.db.patch("ticks", tick._id, { restarts });
    }
  });
  vi.setSystemTime(RIGHT + 20 * MINUTE_MS);
  await checkWatchdog(t);
  const { watchdog } = await t.query(api.operator.status.get, {});
  expect(watchdog.gaveUp).toBeNull();
});
