/** Schedules as an operator changes them, and the traps of the crons component beneath. */
import { Crons } from "@convex-dev/crons";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { advance } from "../support/clock.js";
import {
  api,
  components,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  internal,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";
import { expectInvariants } from "../support/rows.js";
import { record } from "../support/recorder.js";
import {
  loseLink,
  readRun,
  seedExpired,
  setPageSize,
  startRun,
  visitors,
} from "../support/runKit.js";
import { DEFAULT_SETTINGS } from "../../../convex/sessionTracker/shared/settings.js";
import type { ScheduleName } from "../../../convex/sessionTracker/shared/schedules.js";
import type { ScheduleStatus } from "../../../convex/sessionTracker/schedules/show.js";

const at = (iso: string) => Date.parse(iso);

freshComponent();

describe("set", () => {
  test("changes the fields given and keeps the others", async () => {
    await pause("purge", "audit");
    await set({ name: "purge", spec: "0 4 * * *" });
    await set({ name: "purge", timeZone: "Europe/Berlin" });
    expect(await schedule("purge")).toMatchObject({
      spec: "0 4 * * *",
      timeZone: "Europe/Berlin",
      paused: { reason: "audit" },
    });
    expect(await schedule("expire")).toMatchObject(
      DEFAULT_SETTINGS.schedules.expire,
    );
  });

  test("is logged with actor, reason and previous values", async () => {
    const { revision } = await set({
      name: "purge",
      spec: "0 4 * * *",
      reason: "less load",
    });
    const [entry] = await t.query(api.settings.settings.log, { limit: 1 });
    expect(entry).toMatchObject({
      revision,
      actor: "tester",
      reason: "less load",
      before: { schedules: { purge: { spec: "30 2 * * *" } } },
      after: { schedules: { purge: { spec: "0 4 * * *" } } },
    });
  });

  test("on an unexpected revision changes neither settings nor cron", async () => {
    await set({ name: "purge", spec: "0 4 * * *" });
    await expect(
      set({ name: "purge", spec: "0 5 * * *", expectedRevision: 0 }),
    ).rejects.toMatchObject({
      data: { kind: "revisionConflict", expected: 0, actual: 1 },
    });
    expect((await schedule("purge")).spec).toBe("0 4 * * *");
    expect(await cronSpecs()).toEqual({ purge: ["0 4 * * *"] });
  });

  test("is in force when it returns, with exactly one cron at any moment", async () => {
    await t.mutation(internal.schedules.watchdog.check, {});
    for (const spec of ["0 4 * * *", "0 5 * * *", "0 5 * * *"]) {
      await set({ name: "purge", spec });
      expect(await cronSpecs()).toEqual({
        expire: ["*/15 * * * *"],
        purge: [spec],
      });
    }
    await expect(
      set({ name: "purge", spec: "nonsense" }),
    ).rejects.toMatchObject({ data: { kind: "invalidSchedule" } });
    expect((await cronSpecs()).purge).toEqual(["0 5 * * *"]);
  });

  test("registers the cron also where the watchdog has not run yet", async () => {
    expect(await schedule("purge")).toMatchObject({
      state: "pending",
      nextAt: null,
    });
    const { schedule: changed } = await set({
      name: "purge",
      spec: "0 4 * * *",
    });
    expect(changed).toMatchObject({
      state: "registered",
      nextAt: NOW + 4 * HOUR_MS,
    });
  });

  test("stops the old spec and fires the new one", async () => {
    await set({ name: "purge", spec: "0 1 * * *" });
    await set({ name: "purge", spec: "0 3 * * *" });
    await advance(t, 2 * HOUR_MS);
    expect((await schedule("purge")).lastAt).toBeNull();
    await advance(t, 2 * HOUR_MS);
    expect((await schedule("purge")).lastAt).toBe(NOW + 3 * HOUR_MS);
  });
});

describe("refused", () => {
  test.each([
    { trap: "empty, which crons takes for every minute", spec: "" },
    { trap: "blank", spec: "  " },
    { trap: "too few fields, which the parser fills in", spec: "30 2 *" },
    { trap: "too many fields", spec: "0 30 2 * * * 2026" },
    { trap: "every second", spec: "* * * * * *" },
    { trap: "twice a minute", spec: "*/30 * * * * *" },
    { trap: "a minute that does not exist", spec: "61 * * * *" },
    { trap: "a day that never comes", spec: "0 0 31 2 *" },
    { trap: "a day that none of its months has", spec: "0 0 31 2,4 *" },
    { trap: "not a spec", spec: "every day at noon, please" },
    { trap: "a step further than its field, hourly", spec: "*/90 * * * *" },
    { trap: "such a step in a list", spec: "0 3,8/36 * * *" },
    { trap: "a name that does not stand for times", spec: "@reboot" },
    { trap: "an L of no weekday, which fails when due", spec: "0 0 * * L" },
    { trap: "rarer than any retention", spec: "0 0 * 2 1#5" },
  ])("spec: $trap", async ({ spec }) => {
    await expectRefused({ spec }, "spec", spec.trim());
  });

  test.each([
    {
      spec: "61 * * * *",
      says: 'the minute "61" cannot be read: it takes 0 to 59, lists',
    },
    {
      spec: "*/90 * * * *",
      says: 'the minute "*/90" steps further than its 60 values, so that only',
    },
    { spec: "0 0 31 2,4 *", says: "does not fire within eight years" },
    { spec: "@reboot", says: '"@reboot" is none of @yearly, ' },
  ])(
    "the spec $spec, with a message that names its fault",
    async ({ spec, says }) => {
      await expect(set({ name: "purge", spec })).rejects.toMatchObject({
        data: { message: expect.stringContaining(says) as unknown },
      });
    },
  );

  test.each(["Europe/Berlim", "", "CET+1DST", "15"])(
    "time zone %j",
    async (timeZone) => {
      await expectRefused({ timeZone }, "timeZone", timeZone);
    },
  );

  async function expectRefused(
    change: { spec?: string; timeZone?: string },
    field: string,
    value: string,
  ) {
    await t.mutation(internal.schedules.watchdog.check, {});
    const before = await schedule("purge");
    const refusal = { data: { kind: "invalidSchedule", field, value } };
    await expect(set({ name: "purge", ...change })).rejects.toMatchObject(
      refusal,
    );
    await expect(
      t.query(api.schedules.show.preview, { name: "purge", ...change }),
    ).rejects.toMatchObject(refusal);
    expect(await schedule("purge")).toEqual(before);
    expect((await cronSpecs()).purge).toEqual(["30 2 * * *"]);
  }

  test.each([
    ["@daily", "0 0 * * *"],
    [" @Weekly ", "0 0 * * 0"],
    ["0  4\t* * *", "0 4 * * *"],
  ])("%j is kept as %j", async (spec, kept) => {
    await set({ name: "purge", spec });
    expect((await schedule("purge")).spec).toBe(kept);
    expect((await cronSpecs()).purge).toEqual([kept]);
    const preview = await t.query(api.schedules.show.preview, { spec });
    expect(preview.spec).toBe(kept);
  });

  test("specs of six fields must fire once a minute at most", async () => {
    await set({ name: "expire", spec: "30 */10 * * * *" });
    expect((await schedule("expire")).nextAt).toBe(NOW + 30_000);
  });
});

describe("pause", () => {
  beforeEach(async () => {
    await set({ name: "purge", spec: "30 2 * * *" });
    await seedExpired(t, visitors(3, NOW - 60 * DAY_MS));
  });

  test("starts no run until resumed, and shows who paused and why", async () => {
    const { schedule: paused } = await pause("purge", "legal hold");
    expect(paused).toMatchObject({
      paused: { reason: "legal hold", actor: "tester", at: NOW },
      nextAt: null,
    });
    await advance(t, 3 * DAY_MS);
    expect(await schedule("purge")).toMatchObject({
      lastAt: at("2026-03-03T02:30Z"),
      lastResult: "paused: legal hold",
    });
    expect((await expectInvariants(t)).sessions).toHaveLength(3);

    const { schedule: resumed } = await t.mutation(
      api.schedules.change.resume,
      {
        name: "purge",
        actor: "tester",
      },
    );
    expect(resumed).toMatchObject({
      paused: null,
      nextAt: at("2026-03-04T02:30Z"),
    });
    await advance(t, DAY_MS);
    expect((await schedule("purge")).lastResult).toBe("started a run");
    expect((await expectInvariants(t)).sessions).toEqual([]);
  });

  test("ends by itself at its time", async () => {
    const until = at("2026-03-02T12:00Z");
    const { schedule: paused } = await pause("purge", "release", until);
    expect(paused).toMatchObject({
      paused: { reason: "release", until },
      nextAt: at("2026-03-03T02:30Z"),
    });
    await advance(t, until - 1 - NOW);
    expect((await schedule("purge")).paused).not.toBeNull();
    await advance(t, 1);
    expect((await schedule("purge")).paused).toBeNull();
    await advance(t, DAY_MS);
    expect((await schedule("purge")).lastResult).toBe("started a run");
    expect((await expectInvariants(t)).sessions).toEqual([]);
  });

  test("must end in the future", async () => {
    await expect(pause("purge", "release", NOW)).rejects.toMatchObject({
      data: { kind: "invalidArgument", argument: "until" },
    });
    expect((await schedule("purge")).paused).toBeNull();
  });

  test("does not stop runs of operators", async () => {
    await pause("purge", "legal hold");
    const runId = await startRun(t, "purge");
    expect(await readRun(t, runId)).toMatchObject({ sessions: 3 });
  });
});

describe("preview", () => {
  test.each([
    {
      what: "the schedule as it is",
      args: { name: "purge" as const },
      fires: ["01T02:30Z", "02T02:30Z", "03T02:30Z", "04T02:30Z", "05T02:30Z"],
    },
    {
      what: "another spec, in the schedule's zone",
      args: { name: "purge" as const, spec: "0 */6 * * *" },
      fires: ["01T06:00Z", "01T12:00Z", "01T18:00Z", "02T00:00Z", "02T06:00Z"],
    },
    {
      what: "any spec and zone",
      args: { spec: "0 9 * * 1-5", timeZone: "Asia/Kolkata", count: 3 },
      fires: ["02T03:30Z", "03T03:30Z", "04T03:30Z"],
    },
    {
      what: "from another time",
      args: { name: "purge" as const, from: at("2026-03-20T02:30Z"), count: 1 },
      fires: ["21T02:30Z"],
    },
  ])("$what", async ({ args, fires }) => {
    const preview = await t.query(api.schedules.show.preview, args);
    expect(preview.fires).toEqual(fires.map((fire) => at(`2026-03-${fire}`)));
  });

  test("is as fast for fires that are years apart", async () => {
    const { fires } = await t.query(api.schedules.show.preview, {
      spec: "0 0 29 2 *",
      count: 100,
    });
    expect(fires).toHaveLength(100);
    expect(fires.at(0)).toBe(at("2028-02-29T00:00Z"));
    // The years 2100, 2200 and 2300 are no leap years.
    expect(fires.at(-1)).toBe(at("2436-02-29T00:00Z"));
  });

  test.each([0, 101, 2.5])("refuses a count of %d fires", async (count) => {
    await expect(
      t.query(api.schedules.show.preview, { name: "purge", count }),
    ).rejects.toMatchObject({
      data: { kind: "invalidArgument", argument: "count" },
    });
  });

  test.each([
    {
      change: "spring forward, 02:30 does not exist",
      from: at("2026-03-07T12:00Z"),
      fires: ["2026-03-08T07:30Z", "2026-03-09T06:30Z", "2026-03-10T06:30Z"],
    },
    {
      change: "fall back, 01:30 comes twice",
      spec: "30 1 * * *",
      from: at("2026-10-31T12:00Z"),
      fires: ["2026-11-01T05:30Z", "2026-11-02T06:30Z", "2026-11-03T06:30Z"],
    },
  ])(
    "is followed by exactly those runs when clocks $change",
    async ({ spec = "30 2 * * *", from, fires }) => {
      vi.setSystemTime(from);
      await set({ name: "purge", spec, timeZone: "America/New_York" });
      const preview = await t.query(api.schedules.show.preview, {
        name: "purge",
        count: 3,
      });
      expect(preview.fires).toEqual(fires.map(at));
      const fired = [];
      for (let day = 0; day < 3; day += 1) {
        await advance(t, DAY_MS);
        fired.push((await schedule("purge")).lastAt);
      }
      expect(fired).toEqual(preview.fires);
    },
  );
});

describe("a tick", () => {
  beforeEach(async () => {
    await t.mutation(internal.schedules.watchdog.check, {});
  });

  test("with nothing due starts no run and no job", async () => {
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId: "live" });
    await advance(t, 16 * MINUTE_MS);
    expect(await schedule("expire")).toMatchObject({
      lastAt: NOW + 15 * MINUTE_MS,
      lastResult: "nothing due",
    });
    expect(await t.query(api.runs.ledger.list, {})).toEqual([]);
  });

  test("starts a run of its own where something is due", async () => {
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId: "gone" });
    await advance(t, 46 * MINUTE_MS);
    expect((await schedule("expire")).lastResult).toBe("started a run");
    expect(await t.query(api.runs.ledger.list, {})).toMatchObject([
      {
        kind: "expire",
        trigger: "schedule",
        actor: "schedule",
        status: "completed",
        cutoff: NOW + 15 * MINUTE_MS,
        sessions: 1,
      },
    ]);
  });

  test("leaves a running run alone", async () => {
    await seedExpired(t, visitors(3, NOW - 60 * DAY_MS));
    await setPageSize(t, 1);
    await loseLink(t, await startRun(t, "purge"));
    await advance(t, 3 * HOUR_MS);
    expect((await schedule("purge")).lastResult).toMatch(
      /^run \w+ was still going$/,
    );
    expect(await t.query(api.runs.ledger.list, {})).toHaveLength(1);
  });

  test("starts no purge where the retention is never", async () => {
    await seedExpired(t, visitors(3, NOW - 900 * DAY_MS));
    await t.mutation(api.settings.settings.change, {
      patch: { retentionDays: "never" },
      actor: "tester",
    });
    await advance(t, 3 * HOUR_MS);
    expect((await schedule("purge")).lastResult).toBe("nothing due");
    expect((await expectInvariants(t)).sessions).toHaveLength(3);
  });

  test("after six hours of downtime starts one run, though crons fires for each one missed", async () => {
    await leaveOneAlwaysDue();
    // The process stands still: its timers do not run, and time goes on.
    vi.setSystemTime(NOW + 6 * HOUR_MS);
    const { transactions } = await record(() => advance(t, 16 * MINUTE_MS));

    const fires = transactions.filter(
      (tx) => tx.name === "schedules/dispatch:tick",
    );
    // Crons skips every other of the 24 fires, as the fire before it is not done yet.
    expect(fires.length).toBeGreaterThan(10);
    expect(fires.filter((tx) => tx.documentsWritten > 0)).toHaveLength(1);
    expect(
      await t.query(api.runs.ledger.list, { kind: "expire" }),
    ).toHaveLength(1);

    // Later fires come at their own times again.
    await advance(t, 15 * MINUTE_MS);
    expect(
      await t.query(api.runs.ledger.list, { kind: "expire" }),
    ).toHaveLength(2);
  });

  /** Inserts a lease that each tick finds and each run sets aside, since its session is gone. */
  async function leaveOneAlwaysDue() {
    const patch = { retentionDays: "never" as const, pageSize: 1 };
    await t.mutation(api.settings.settings.change, { patch, actor: "tester" });
    const seen = await t.mutation(api.visitors.heartbeat.beat, {
      anonymousId: "orphan",
    });
    await t.run(async (ctx) => {
      const id = ctx.db.normalizeId("sessions", seen.ok ? seen.sessionId : "");
      if (id !== null) await ctx.db.delete("sessions", id);
    });
  }
});

// ── Helpers ─────────────────────────────────────────────────────────────────

const actor = "tester";

function set(change: {
  name: ScheduleName;
  spec?: string;
  timeZone?: string;
  reason?: string;
  expectedRevision?: number;
}) {
  return t.mutation(api.schedules.change.set, { ...change, actor });
}

function pause(name: ScheduleName, reason: string, until?: number) {
  const end = until === undefined ? {} : { until };
  return t.mutation(api.schedules.change.pause, {
    name,
    reason,
    actor,
    ...end,
  });
}

async function schedule(name: ScheduleName): Promise<ScheduleStatus> {
  const schedules = await t.query(api.schedules.show.list, {});
  const found = schedules.find((each) => each.name === name);
  if (found === undefined) throw new Error(`No schedule ${name}.`);
  return found;
}

/** The crons that the crons component holds, by name. */
async function cronSpecs(): Promise<Record<string, string[]>> {
  const crons = await t.query((ctx) => new Crons(components.crons).list(ctx));
  const specs: Record<string, string[]> = {};
  for (const { name = "", schedule } of crons) {
    if (schedule.kind === "cron") (specs[name] ??= []).push(schedule.cronspec);
  }
  return specs;
}
