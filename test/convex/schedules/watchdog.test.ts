/** The watchdog. convex-test runs no static crons, so each test calls the watchdog's check itself. */
import { Crons } from "@convex-dev/crons";
import { describe, expect, test } from "vitest";
import type { Id } from "../../../convex/sessionTracker/_generated/dataModel.js";
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
import {
  finishRun,
  loseLink,
  readRun,
  seedExpired,
  setPageSize,
  startRun,
  visitors,
} from "../support/runKit.js";
import type { RunStatus } from "../../../convex/sessionTracker/shared/runs/run.js";
import type { RunKind } from "../../../convex/sessionTracker/shared/runs/kinds.js";

const OLD = NOW - 60 * DAY_MS;
const PERIOD_MS = 15 * MINUTE_MS;

freshComponent();

describe("schedules", () => {
  test("of a fresh deployment are pending until the watchdog registers them", async () => {
    const before = await t.query(api.operator.status.get, {});
    expect(before.watchdog).toEqual({
      lastAt: null,
      lastResult: null,
      gaveUp: null,
    });
    expect(
      before.schedules.map(({ state, nextAt }) => [state, nextAt]),
    ).toEqual([
      ["pending", null],
      ["pending", null],
    ]);
    expect(await cronIds()).toEqual({});

    await check();
    const after = await t.query(api.operator.status.get, {});
    expect(after.watchdog).toEqual({
      lastAt: NOW,
      lastResult: "all well",
      gaveUp: null,
    });
    expect(
      after.schedules.map(({ name, state, nextAt }) => [name, state, nextAt]),
    ).toEqual([
      ["expire", "registered", NOW + PERIOD_MS],
      ["purge", "registered", NOW + 2.5 * HOUR_MS],
    ]);
  });

  test("that fire are left alone, also paused ones", async () => {
    await check();
    const crons = await cronIds();
    await t.mutation(api.schedules.change.pause, {
      name: "expire",
      reason: "audit",
      actor: "tester",
    });
    for (let i = 0; i < 12; i += 1) {
      await advance(t, PERIOD_MS);
      await check();
      expect((await status()).lastResult).toBe("all well");
    }
    expect(await cronIds()).toEqual(crons);
  });

  test("lost by crons are registered again once a fire is overdue", async () => {
    await check();
    await loseCron("expire");
    await advance(t, 25 * MINUTE_MS);
    await check();
    expect(await cronIds()).not.toHaveProperty("expire");

    await advance(t, 1);
    await check();
    expect((await status()).lastResult).toBe(
      "restarted, because schedule expire did not fire",
    );
    await advance(t, 5 * MINUTE_MS);
    const [expire] = await t.query(api.schedules.show.list, {});
    expect(expire).toMatchObject({
      name: "expire",
      lastAt: NOW + 30 * MINUTE_MS,
    });
    await check();
    expect((await status()).lastResult).toBe("all well");
  });
});

describe("after an upgrade that moved functions", () => {
  test("schedules are registered with this version's function, and one run is made for the fires missed", async () => {
    await check();
    await seedExpired(t, visitors(3, OLD));
    await setOldTargets();
    // Both fires of the purge schedule are due, and neither came.
    await advance(t, 27 * HOUR_MS);
    await check();
    expect((await status()).lastResult).toBe(
      "moved to this version: schedule expire, schedule purge",
    );
    await advance(t, 1_000);
    expect(await purgesBySchedule()).toMatchObject([
      { status: "completed", sessions: 3, startedAt: NOW + 27 * HOUR_MS },
    ]);

    await seedExpired(t, visitors(2, OLD, "later"));
    await check();
    expect((await status()).lastResult).toBe("all well");
    await advance(t, 24 * HOUR_MS);
    expect(await purgesBySchedule()).toMatchObject([
      { status: "completed", sessions: 2 },
      { status: "completed", sessions: 3 },
    ]);
  });

  test("a run goes on at its cursor at once, with this version's guard", async () => {
    await check();
    const runId = await standingRun();
    const { guard: before } = await rowOf(runId);
    await setOldTargets();
    await advance(t, 1_000);
    await check();
    expect((await status()).lastResult).toBe(
      `moved to this version: schedule expire, schedule purge, run ${runId}`,
    );
    const { guard } = await rowOf(runId);
    expect(guard).toEqual(expect.any(String));
    expect(guard).not.toBe(before);
    expect(await finishRun(t, runId)).toMatchObject({
      status: "completed",
      sessions: 6,
      pages: 3,
    });
    await expectInvariants(t);
  });

  test("the fuse does not count these repairs", async () => {
    for (let upgrade = 0; upgrade < 6; upgrade += 1) {
      await check();
      await setOldTargets();
    }
    await check();
    const lost = await standingRun();
    await advance(t, 11 * MINUTE_MS);
    await check();
    expect(await status()).toMatchObject({
      gaveUp: null,
      lastResult: `restarted, because run ${lost} stood still`,
    });
  });
});

describe("runs", () => {
  test("that stand still for ten minutes go on at their cursor", async () => {
    const runId = await standingRun();
    await advance(t, 10 * MINUTE_MS);
    await check();
    expect((await status()).lastResult).toBe("all well");
    await advance(t, 1);
    await check();
    expect((await status()).lastResult).toBe(
      `restarted, because run ${runId} stood still`,
    );
    expect(await finishRun(t, runId)).toMatchObject({
      status: "completed",
      sessions: 6,
      pages: 3,
    });
    await expectInvariants(t);
  });

  test("that make progress are left alone", async () => {
    const runId = await standingRun();
    await advance(t, 9 * MINUTE_MS);
    await t.run((ctx) =>
      ctx.db.patch("runs", runId, { progressAt: Date.now() }),
    );
    const before = await readRun(t, runId);
    await advance(t, 5 * MINUTE_MS);
    await check();
    expect(await readRun(t, runId)).toEqual(before);
  });

  test("older than 90 days are deleted from the ledger unless they are running", async () => {
    const day = (n: number) => NOW - n * DAY_MS;
    await seedRuns([
      ...Array.from({ length: 120 }, () => ({ startedAt: day(100) })),
      { startedAt: day(91), status: "running" },
      { startedAt: day(90) - 1, status: "failed" },
      { startedAt: day(90) },
      { startedAt: day(1), status: "canceled" },
    ]);
    await check();
    expect(await t.query(api.runs.ledger.list, { limit: 200 })).toHaveLength(
      24,
    );
    await check();
    const left = await t.query(api.runs.ledger.list, { limit: 200 });
    expect(left.map((run) => [run.status, run.startedAt])).toEqual([
      ["canceled", day(1)],
      ["completed", day(90)],
      ["running", day(91)],
    ]);
  });
});

describe("the fuse", () => {
  test("stops restarts of a run that keeps standing still, records so, and clears", async () => {
    const runId = await standingRun();
    const restarted = await checkFor(2 * HOUR_MS, runId);
    expect(restarted).toBe(5);
    const gaveUp = (await status()).gaveUp;
    expect(gaveUp?.why).toContain(`run ${runId} stood still`);
    // The status names the time at which the watchdog gave up, not that of its last check.
    expect(gaveUp?.at).toBe(NOW + 6 * PERIOD_MS);

    await t.mutation(api.runs.control.cancel, { runId, actor: "tester" });
    await check();
    expect(await status()).toMatchObject({
      gaveUp: null,
      lastResult: "all well",
    });
  });

  test("allows restarts again six hours later", async () => {
    const runId = await standingRun();
    expect(await checkFor(6 * HOUR_MS, runId)).toBe(5);
    expect(await checkFor(2 * HOUR_MS, runId)).toBe(5);
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function check() {
  return t.mutation(internal.schedules.watchdog.check, {});
}

async function status() {
  return (await t.query(api.operator.status.get, {})).watchdog;
}

/** Returns how often the watchdog restarts a run that loses its link each time. */
async function checkFor(ms: number, runId: Id<"runs">): Promise<number> {
  let restarts = 0;
  for (let passed = 0; passed < ms; passed += PERIOD_MS) {
    await advance(t, PERIOD_MS);
    const { seq } = await readRun(t, runId);
    await check();
    if ((await readRun(t, runId)).seq > seq) {
      restarts += 1;
      await loseLink(t, runId);
    }
  }
  return restarts;
}

/** A purge with four of six sessions left, whose next job is lost. */
async function standingRun(): Promise<Id<"runs">> {
  await setPageSize(t, 2);
  await seedExpired(t, visitors(6, OLD));
  const runId = await startRun(t, "purge");
  await loseLink(t, runId);
  return runId;
}

async function seedRuns(
  runs: { startedAt: number; status?: RunStatus }[],
): Promise<void> {
  await t.run(async (ctx) => {
    for (const { startedAt, status = "completed" } of runs) {
      await ctx.db.insert("runs", {
        kind: "expire",
        trigger: "schedule",
        actor: "schedule",
        status,
        cutoff: startedAt,
        cursor: null,
        seq: 0,
        pageSize: 1_000,
        pages: 1,
        sessions: 1,
        leases: 1,
        actions: 0,
        quarantined: 0,
        failuresInARow: 0,
        errors: [],
        startedAt,
        // The progress is recent, so that the running run does not stand still.
        progressAt: NOW,
      });
    }
  });
}

async function cronIds(): Promise<Record<string, string>> {
  const crons = await t.query((ctx) => new Crons(components.crons).list(ctx));
  return Object.fromEntries(crons.map(({ name = "", id }) => [name, id]));
}

/** Registers schedules as a version did whose dispatcher was in another module, which crons fails to call. */
async function setOldTargets(): Promise<void> {
  await t.mutation(async (ctx) => {
    const crons = new Crons(components.crons);
    for (const { name = "", schedule } of await crons.list(ctx)) {
      await crons.delete(ctx, { name });
      await ctx.runMutation(components.crons.public.register, {
        name,
        schedule,
        functionHandle: "function://;schedules:dispatch",
        args: { name },
      });
    }
  });
}

async function purgesBySchedule() {
  const runs = await t.query(api.runs.ledger.list, { kind: "purge" });
  return runs.filter(({ trigger }) => trigger === "schedule");
}

async function rowOf(runId: Id<"runs">) {
  const row = await t.run((ctx) => ctx.db.get("runs", runId));
  if (row === null) throw new Error(`There is no run ${runId}.`);
  return row;
}

/** Makes crons lose the cron of a schedule, as after a conflict that crons did not survive. */
function loseCron(name: RunKind) {
  return t.mutation((ctx) => new Crons(components.crons).delete(ctx, { name }));
}
