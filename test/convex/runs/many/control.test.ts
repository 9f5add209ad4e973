/** Runs over many sessions as runs: what is refused, and how they stop, go on, and set aside what fails alone. */
import { describe, expect, test, vi } from "vitest";
import { ConvexError } from "convex/values";
import { doMany, startMany, type Asked } from "../../support/manyKit.js";
import { removeFaults, setUpWithFaults } from "../../support/faults.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  internal,
  MINUTE_MS,
  NOW,
  t,
} from "../../support/fresh.js";
import { advance } from "../../support/clock.js";
import { expectInvariants } from "../../support/rows.js";
import {
  finishRun,
  loseLink,
  readRun,
  seedExpired,
  seedLeased,
  setPageSize,
  visitors,
} from "../../support/runKit.js";
import type { FilteredKind } from "../../../../convex/sessionTracker/shared/runs/kinds.js";

freshComponent(NOW, setUpWithFaults);

const KINDS = ["end", "forget"] as const;
const FOREVER = { block: "forever" as const };
/** What makes a run of the kind take sessions that are not active. */
const allOf = (kind: FilteredKind) => (kind === "end" ? FOREVER : {});

describe.each([
  ["nothing", "end", {}, "filter"],
  ["a filter of nothing", "forget", { filter: {} }, "filter"],
  [
    "all but one session",
    "end",
    { filter: { exceptSessionId: "x" } },
    "filter",
  ],
  ["no user", "forget", { filter: { userId: "" } }, "filter.userId"],
  [
    "a time to come",
    "forget",
    { filter: { createdBefore: NOW + 1 } },
    "filter.createdBefore",
  ],
  [
    "a negative age",
    "end",
    { filter: { activeBefore: { agoMs: -1 } } },
    "filter.activeBefore",
  ],
  [
    "a range without a time in it",
    "end",
    { filter: { activeAfter: NOW - 5, activeBefore: NOW - 5 } },
    "filter.activeAfter",
  ],
  [
    "ended sessions without a block",
    "end",
    { filter: { state: "ended" } },
    "filter.state",
  ],
  [
    "a block of who is erased",
    "forget",
    { filter: { userId: "ada" }, ...FOREVER },
    "block",
  ],
  [
    "cutoffs of visits",
    "end",
    { filter: { userId: "ada" }, cutoffs: {} },
    "cutoffs",
  ],
  [
    "an archive of who stays",
    "end",
    { filter: { userId: "ada" }, archive: { file: "a", archiver: "b" } },
    "archive",
  ],
] as [string, FilteredKind, Asked, string][])(
  "a run over %s",
  (_, kind, asked, argument) => {
    test("is refused with its argument", async () => {
      await seedExpired(t, visitors(2, NOW - DAY_MS));
      const error: unknown = await startMany(t, kind, asked).catch(
        (cause: unknown) => cause,
      );
      expect(error).toBeInstanceOf(ConvexError);
      expect(error).toMatchObject({ data: { kind: "invalidArgument" } });
      expect(error).toMatchObject({ data: { argument } });
      expect((await expectInvariants(t)).sessions).toHaveLength(2);
    });
  },
);

test("a purge has no filter, and an expire run no block", async () => {
  const by = { actor: "tester", trigger: "operator" as const };
  const filter = { userId: "ada" };
  await expect(
    t.mutation(api.runs.control.start, { kind: "purge", filter, ...by }),
  ).rejects.toMatchObject({ data: { argument: "filter" } });
  await expect(
    t.mutation(api.runs.control.start, { kind: "expire", ...FOREVER, ...by }),
  ).rejects.toMatchObject({ data: { argument: "block" } });
});

describe.each(KINDS)("a run %s", (kind) => {
  const asked: Asked = {
    filter: { activeBefore: NOW - MINUTE_MS },
    ...allOf(kind),
  };

  test("is the only one of its kind, beside runs of others", async () => {
    await setPageSize(t, 10);
    await seedExpired(t, visitors(100, NOW - DAY_MS));
    const runId = await startMany(t, kind, asked);
    const again = { kind, actor: "other", trigger: "app" as const, ...asked };
    expect(await t.mutation(api.runs.control.start, again)).toMatchObject({
      runId,
      status: "alreadyRunning",
    });
    const other = kind === "end" ? "forget" : "end";
    const { filter } = asked;
    await doMany(t, other, { ...(filter && { filter }), ...allOf(other) });
    expect(await readRun(t, runId)).toMatchObject({ status: "completed" });
    await expectInvariants(t);
  });

  test("is canceled and resumed where it stopped", async () => {
    await setPageSize(t, 10);
    await seedLeased(t, visitors(50, NOW - HOUR_MS, "idle"));
    await seedExpired(t, visitors(50, NOW - HOUR_MS, "old"));
    const runId = await startMany(t, kind, asked);
    await t.mutation(api.runs.control.cancel, { runId, actor: "tester" });
    const stopped = await finishRun(t, runId);
    expect(stopped).toMatchObject({ status: "canceled" });
    const left = await t.query(api.runs.preview.left, { runId });
    expect(left).toMatchObject({
      sessions: 100 - stopped.sessions,
      ...{ kept: 0, cursor: null },
    });
    await advance(t, MINUTE_MS);
    expect(await readRun(t, runId)).toEqual(stopped);
    await t.mutation(api.runs.control.resume, { runId, actor: "tester" });
    expect(await finishRun(t, runId)).toMatchObject({
      ...{ status: "completed", sessions: 100, leases: 50 },
    });
    await expectInvariants(t);
  });

  test("stops at its maximum, and takes as many again when resumed", async () => {
    await seedExpired(t, visitors(25, NOW - DAY_MS));
    const runId = await startMany(t, kind, { ...asked, maxSessions: 10 });
    const done = [];
    for (let resumes = 0; resumes < 3; resumes += 1) {
      const { status, sessions } = await finishRun(t, runId);
      done.push([status, sessions]);
      await t.mutation(api.runs.control.resume, { runId, actor: "tester" });
    }
    expect(done).toEqual([
      ["maxReached", 10],
      ["maxReached", 20],
      ["completed", 25],
    ]);
  });

  test("keeps its rate", async () => {
    await seedExpired(t, visitors(50, NOW - DAY_MS));
    const run = await doMany(t, kind, { ...asked, ratePerSecond: 10 });
    expect(run).toMatchObject({ status: "completed", sessions: 50 });
    const tookMs = (run.finishedAt ?? 0) - run.startedAt;
    expect(tookMs).toBeGreaterThanOrEqual(4_000);
    expect(tookMs).toBeLessThan(15_000);
  });

  test("goes on after its next page and its guard are lost", async () => {
    await setPageSize(t, 10);
    await seedExpired(t, visitors(60, NOW - DAY_MS));
    const runId = await startMany(t, kind, asked);
    await loseLink(t, runId);
    vi.setSystemTime(Date.now() + HOUR_MS);
    await t.mutation(internal.schedules.watchdog.check, {});
    expect(await finishRun(t, runId)).toMatchObject({
      ...{ status: "completed", sessions: 60 },
    });
    await expectInvariants(t);
  });

  test("is not held up by a lease that has lost its session", async () => {
    await seedExpired(t, visitors(30, NOW - DAY_MS));
    await seedLeased(t, visitors(1, NOW - HOUR_MS, "broken"));
    await t.run(async (ctx) => {
      const lease = await ctx.db.query("leases").first();
      if (lease !== null) await ctx.db.delete("sessions", lease.session);
    });
    const run = await doMany(t, kind, asked);
    expect(run).toMatchObject({ status: "completed", sessions: 30 });
  });
});

test("a session that fails alone is set aside, and the others are taken", async () => {
  await setPageSize(t, 10);
  await seedExpired(t, visitors(15, NOW - DAY_MS));
  await seedExpired(t, [
    { anonymousId: "broken", lastActive: NOW - DAY_MS, visits: 2 },
  ]);
  await seedExpired(t, visitors(15, NOW - DAY_MS, "more"));
  const session = await t.run(async (ctx) => {
    const visit = await ctx.db.query("visits").first();
    // The session still names the row.
    if (visit !== null) await ctx.db.delete("visits", visit._id);
    return visit?.session;
  });
  const filter = { createdBefore: NOW };
  const run = await doMany(t, "forget", { filter });
  expect(run).toMatchObject({ sessions: 30, quarantined: 1 });
  expect(run.errors.at(-1)).toMatchObject({ sessionId: session });
});

test("a run whose block is over is not resumed", async () => {
  await setPageSize(t, 10);
  await seedExpired(t, visitors(30, NOW - DAY_MS));
  const runId = await startMany(t, "end", {
    filter: { state: "expired" },
    block: { forMs: MINUTE_MS },
  });
  await t.mutation(api.runs.control.cancel, { runId, actor: "tester" });
  vi.setSystemTime(NOW + HOUR_MS);
  await expect(
    t.mutation(api.runs.control.resume, { runId, actor: "tester" }),
  ).rejects.toMatchObject({
    data: { kind: "invalidArgument", argument: "runId" },
  });
});

test("a session created after the start is not taken, one whose clock was ahead is", async () => {
  await removeFaults(t);
  await seedExpired(t, visitors(20, NOW - DAY_MS));
  await seedExpired(t, visitors(1, NOW + DAY_MS, "ahead"));
  await setPageSize(t, 5);
  const runId = await startMany(t, "forget", { filter: { state: "expired" } });
  vi.setSystemTime(Date.now() + 1_000);
  await t.mutation(api.visitors.heartbeat.beat, { anonymousId: "later" });
  await t.mutation(api.visitors.block.end, {
    session: { anonymousId: "later" },
  });
  await seedExpired(t, visitors(1, Date.now(), "late"));
  expect(await finishRun(t, runId)).toMatchObject({ sessions: 21 });
  const { sessions } = await expectInvariants(t);
  expect(sessions.map(({ anonymousId }) => anonymousId).toSorted()).toEqual([
    "late-0",
    "later",
  ]);
});

test("the ledger does not go on naming a user who was erased", async () => {
  await seedExpired(t, visitors(2, NOW - DAY_MS));
  await t.run(async (ctx) => {
    for (const row of await ctx.db.query("sessions").collect()) {
      await ctx.db.patch("sessions", row._id, { userId: "ada" });
    }
  });
  const run = await doMany(t, "forget", { filter: { userId: "ada" } });
  expect(run).toMatchObject({ sessions: 2, filter: { userId: "(erased)" } });
  const audit = await t.run((ctx) => ctx.db.query("audit").collect());
  expect(JSON.stringify(audit)).not.toContain("ada");
});
