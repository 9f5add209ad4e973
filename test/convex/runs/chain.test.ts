/** The chain of a run, page by page: what it takes, what it leaves, and how it goes on. */
import { Workpool, type WorkId } from "@convex-dev/workpool";
import { describe, expect, test, vi } from "vitest";
import type { Id } from "../../../convex/sessionTracker/_generated/dataModel.js";
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
import { record } from "../support/recorder.js";
import { expectInvariants, readRows } from "../support/rows.js";
import {
  finishRun,
  readRun,
  seedExpired,
  seedLeased,
  setPageSize,
  startRun,
  visitors,
} from "../support/runKit.js";
import { MAX_DELETES_PER_PAGE } from "../../../convex/sessionTracker/shared/limits.js";

const CUTOFF = NOW - 14 * DAY_MS;
const OLD = CUTOFF - DAY_MS;

freshComponent();

describe("the chain", () => {
  test("a page that is repeated does nothing", async () => {
    await setPageSize(t, 10);
    await seedExpired(t, visitors(35, OLD));
    const runId = await startRun(t, "purge");
    const { seq } = await readRun(t, runId);
    await t.mutation(internal.runs.chain.page, { runId, seq });
    const after = { run: await readRun(t, runId), rows: await readRows(t) };
    expect(after.run).toMatchObject({ pages: 2, sessions: 20, seq: seq + 1 });

    // The same link comes again, then a link before it.
    await t.mutation(internal.runs.chain.page, { runId, seq });
    await t.mutation(internal.runs.chain.page, { runId, seq: seq - 1 });
    expect(await readRun(t, runId)).toEqual(after.run);
    expect(await readRows(t)).toEqual(after.rows);

    // The job that the start of the run enqueued comes a second time, too.
    expect(await finishRun(t, runId)).toMatchObject({ sessions: 35, pages: 4 });
    await expectInvariants(t);
  });

  test("a resumed run ignores the jobs from before its cancel", async () => {
    await setPageSize(t, 10);
    await seedExpired(t, visitors(30, OLD));
    const runId = await startRun(t, "purge");
    for (let i = 0; i < 3; i += 1) {
      await t.mutation(api.runs.control.cancel, { runId, actor: "tester" });
      await t.mutation(api.runs.control.resume, { runId, actor: "tester" });
    }
    expect(await finishRun(t, runId)).toMatchObject({
      status: "completed",
      pages: 3,
      sessions: 30,
    });
  });

  test("a page whose job failed is tried again at half its size", async () => {
    await setPageSize(t, 10);
    await seedExpired(t, visitors(30, OLD));
    const runId = await startRun(t, "purge");
    const { seq } = await readRun(t, runId);
    await stopPage(runId, seq - 1);
    expect(await readRun(t, runId)).toMatchObject({ seq, pageSize: 10 });
    await stopPage(runId, seq);
    expect(await readRun(t, runId)).toMatchObject({
      status: "running",
      seq: seq + 1,
      pageSize: 5,
    });
    expect(await finishRun(t, runId)).toMatchObject({
      status: "completed",
      sessions: 30,
      quarantined: 0,
    });
    // The failed job's report comes too late to matter.
    await stopPage(runId, (await readRun(t, runId)).seq);
    expect((await readRun(t, runId)).status).toBe("completed");
  });

  test("a job canceled in workpool fails its run, which can be resumed", async () => {
    await setPageSize(t, 10);
    await seedExpired(t, visitors(30, OLD));
    const runId = await startRun(t, "purge");
    // Workpool cancels the jobs that were enqueued before now.
    vi.setSystemTime(NOW + 1_000);
    await t.mutation((ctx) =>
      new Workpool(components.workpool, {}).cancelAll(ctx),
    );
    expect(await finishRun(t, runId)).toMatchObject({
      status: "failed",
      pages: 1,
      errors: [{ message: "The job of its page was canceled in workpool." }],
    });
    await t.mutation(api.runs.control.resume, { runId, actor: "tester" });
    expect(await finishRun(t, runId)).toMatchObject({
      status: "completed",
      sessions: 30,
    });
  });

  function stopPage(runId: Id<"runs">, seq: number) {
    return t.mutation(internal.runs.chain.pageStopped, {
      workId: "unused" as WorkId,
      context: { runId, seq },
      result: { kind: "failed", error: "out of time" },
    });
  }
});

describe("the walk", () => {
  test("takes each lease and each session of one moment once", async () => {
    await setPageSize(t, 100);
    await seedLeased(t, visitors(750, OLD, "leased"));
    await seedExpired(t, visitors(750, OLD, "expired"));
    await seedExpired(t, visitors(3, CUTOFF, "kept"));
    const run = await finishRun(t, await startRun(t, "purge"));
    expect(run).toMatchObject({ sessions: 1_500, leases: 750, quarantined: 0 });
    const { sessions } = await expectInvariants(t);
    expect(sessions.map((row) => row.anonymousId)).toEqual([
      "kept-0",
      "kept-1",
      "kept-2",
    ]);
  });

  test("of a purge expires stale leases too, only those before its cutoff", async () => {
    await seedLeased(t, [
      { anonymousId: "before", lastActive: CUTOFF - 1, actions: 2 },
      { anonymousId: "at", lastActive: CUTOFF, actions: 2 },
      { anonymousId: "idle", lastActive: NOW - HOUR_MS, actions: 2 },
    ]);
    const run = await finishRun(t, await startRun(t, "purge"));
    expect(run).toMatchObject({ leases: 1, sessions: 1, actions: 2 });
    const { sessions } = await expectInvariants(t);
    expect(
      sessions.map(({ anonymousId, state }) => [anonymousId, state]),
    ).toEqual([
      ["at", "active"],
      ["idle", "active"],
    ]);
  });

  test("of the next expire run applies a shorter idle timeout to every lease", async () => {
    const idleTimeoutMs = (minutes: number) =>
      t.mutation(api.settings.settings.change, {
        patch: { idleTimeoutMs: minutes * MINUTE_MS },
        actor: "tester",
      });
    await idleTimeoutMs(120);
    await t.mutation(api.visitors.heartbeat.beat, {
      anonymousId: "patient",
    });
    await idleTimeoutMs(30);
    await t.mutation(api.visitors.heartbeat.beat, {
      anonymousId: "hasty",
    });
    vi.setSystemTime(NOW + HOUR_MS);
    expect(await finishRun(t, await startRun(t, "expire"))).toMatchObject({
      sessions: 2,
      leases: 2,
    });
    const states = (await expectInvariants(t)).sessions;
    expect(
      states.map(({ anonymousId, state }) => [anonymousId, state]),
    ).toEqual([
      ["patient", "expired"],
      ["hasty", "expired"],
    ]);
  });

  test("of an expire run dates the visit's end by its last activity", async () => {
    await seedLeased(t, visitors(25, NOW - 2 * HOUR_MS));
    await setPageSize(t, 10);
    await finishRun(t, await startRun(t, "expire"));
    const { sessions } = await expectInvariants(t);
    expect(new Set(sessions.map((row) => row.inactiveSince))).toEqual(
      new Set([NOW - 2 * HOUR_MS]),
    );
  });
});

describe("sessions that do not fit a page", () => {
  test("lose their actions over several pages, and only then their row", async () => {
    await seedExpired(t, [
      { anonymousId: "busy", lastActive: OLD, actions: 7_000 },
      ...visitors(3, OLD),
    ]);
    const runId = await startRun(t, "purge");
    const firstPage = MAX_DELETES_PER_PAGE - 1;
    expect(await readRun(t, runId)).toMatchObject({
      sessions: 0,
      actions: firstPage,
      status: "running",
    });
    const rows = await expectInvariants(t);
    expect(rows.sessions).toHaveLength(4);
    expect(rows.actions).toHaveLength(7_000 - firstPage);

    expect(await finishRun(t, runId)).toMatchObject({
      status: "completed",
      pages: 3,
      sessions: 4,
      actions: 7_000,
      errors: [],
    });
    expect((await expectInvariants(t)).actions).toEqual([]);
  });

  test("stay with their remaining actions where the visitor returns in between", async () => {
    await seedExpired(t, [
      { anonymousId: "busy", lastActive: OLD, actions: 7_000 },
      ...visitors(3, OLD),
    ]);
    const runId = await startRun(t, "purge");
    await t.mutation(api.visitors.action.record, {
      anonymousId: "busy",
      action: "return",
    });
    expect(await finishRun(t, runId)).toMatchObject({
      status: "completed",
      sessions: 3,
      actions: MAX_DELETES_PER_PAGE - 1,
    });
    const { sessions, actions } = await expectInvariants(t);
    expect(sessions).toMatchObject([{ anonymousId: "busy", state: "active" }]);
    expect(actions).toHaveLength(7_000 - (MAX_DELETES_PER_PAGE - 1) + 1);
  });

  test.each([
    { pageSize: 1_000, leased: 500, sessions: 100, actions: 50 },
    { pageSize: 3_000, leased: 1_000, sessions: 2_000, actions: 0 },
  ])(
    "a page of $pageSize takes fewer read intervals than the real backend allows",
    async ({ pageSize, leased, sessions, actions }) => {
      await setPageSize(t, pageSize);
      await seedLeased(t, visitors(leased, OLD + 1, "leased"));
      await seedExpired(
        t,
        visitors(sessions, OLD).map((seed) => ({ ...seed, actions })),
      );
      const { transactions } = await record(async () => {
        const run = await finishRun(t, await startRun(t, "purge"));
        expect(run).toMatchObject({ sessions: sessions + leased, errors: [] });
      });
      const most = Math.max(...transactions.map((tx) => tx.intervals));
      expect(most).toBeGreaterThan(1_000);
      expect(most).toBeLessThan(4_096);
    },
  );

  test("a page of actions near 1 MiB each stops within its byte limit", async () => {
    const metadata = "x".repeat(1_000_000);
    for (let i = 0; i < 4; i += 1) {
      await t.mutation(api.operator.import.batch, {
        rows: [0, 1].map((j) => ({
          anonymousId: `heavy-${i}-${j}`,
          createdAt: OLD,
          lastActive: OLD,
          actions: Array.from({ length: 5 }, (_, at) => ({
            at: OLD + at,
            action: "upload",
            metadata,
          })),
        })),
      });
    }
    const runId = await startRun(t, "purge");
    expect(await finishRun(t, runId)).toMatchObject({
      status: "completed",
      sessions: 8,
      actions: 40,
      // The page size never shrank, as no page failed.
      pageSize: 1_000,
      quarantined: 0,
      errors: [],
    });
    expect(await expectInvariants(t)).toMatchObject({ sessions: [] });
  });
});
