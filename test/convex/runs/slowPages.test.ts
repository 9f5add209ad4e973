/**
 * Pages that run out of time: a run records them, makes smaller pages at once, and avoids that size from
 * then on.
 */
import { afterEach, expect, test, vi } from "vitest";
import { advance } from "../support/clock.js";
import { withSlowHook } from "../support/deadline.js";
import { setUpWithFaults } from "../support/faults.js";
import {
  api,
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
  readRun,
  seedExpired,
  startRun,
  visitors,
} from "../support/runKit.js";
import type { Run } from "../../../convex/sessionTracker/shared/runs/run.js";

const CUTOFF = NOW - 14 * DAY_MS;
const OLD = CUTOFF - DAY_MS;

freshComponent(NOW, setUpWithFaults);
afterEach(() => {
  vi.clearAllTimers();
});

test("a first page that runs out of time is recorded, and a smaller one follows at once", async () => {
  await seedExpired(t, visitors(1_200, OLD));
  await withSlowHook(
    () => 300,
    async () => {
      const run = await finishRun(t, await startRun(t, "purge"));
      expect(run).toMatchObject({
        status: "completed",
        sessions: 1_200,
        quarantined: 0,
        // The page size never returns to the size that failed.
        pages: 5,
        pageSize: 250,
      });
      expect(run.errors.map(({ message }) => message)).toEqual([
        expect.stringContaining("A page of 1000 sessions was not done"),
        expect.stringContaining("A page of 500 sessions was not done"),
      ]);
      expect(tookMs(run)).toBeLessThan(MINUTE_MS / 2);
    },
  );
  expect((await expectInvariants(t)).sessions).toEqual([]);
});

test("a later page that runs out of time is followed by a smaller one at once", async () => {
  await seedExpired(t, visitors(4_000, OLD));
  let most = 1_000;
  await withSlowHook(
    () => most,
    async () => {
      const runId = await startRun(t, "purge");
      expect(await readRun(t, runId)).toMatchObject({ sessions: 1_000 });
      most = 100;
      const run = await finishRun(t, runId);
      expect(run).toMatchObject({ status: "completed", sessions: 4_000 });
      expect(run.pageSize).toBe(62);
      expect(tookMs(run)).toBeLessThan(2 * MINUTE_MS);
    },
  );
});

test("an archived page that runs out of time is asked for again in a smaller size", async () => {
  await seedExpired(t, visitors(400, OLD));
  await withSlowHook(
    () => 150,
    async () => {
      const by = { archiver: "writer" };
      const { runId } = await t.mutation(api.runs.control.start, {
        kind: "purge",
        actor: "tester",
        trigger: "operator",
        archive: { file: "old.jsonl.gz", ...by },
      });
      const purged: number[] = [];
      for (;;) {
        const found = await t.query(api.runs.archive.nextPage, {
          runId,
          ...by,
        });
        const { status, seq, phase } = found;
        if (status !== "running") break;
        const link = { runId, seq, ...by };
        if (phase === "expire") {
          await t.action(api.runs.archive.expirePage, link);
          continue;
        }
        const sessions = found.sessions.map(({ session, isComplete }) => ({
          session,
          visitRows: 0,
          visits: 0,
          actions: 0,
          isComplete,
        }));
        const call = { ...link, sessions };
        const done = await t.action(api.runs.archive.purgePage, call);
        purged.push(done.purged ? sessions.length : 0);
      }
      expect(purged).toEqual([0, 0, 0, 125, 125, 125, 25, 0]);
      const run = await readRun(t, runId);
      expect(run).toMatchObject({ status: "completed", sessions: 400 });
      expect(run.errors.map(({ message }) => message)).toEqual([
        expect.stringContaining("and is tried again with 500: "),
        expect.stringContaining("and is tried again with 250: "),
        expect.stringContaining("and is tried again with 125: "),
      ]);
    },
  );
  expect((await expectInvariants(t)).sessions).toEqual([]);
});

test("a size that ran out of time is not tried again for a day", async () => {
  await withSlowHook(
    () => 300,
    async () => {
      await seedExpired(t, visitors(400, OLD));
      await finishRun(t, await startRun(t, "purge"));
      await seedExpired(t, visitors(400, OLD, "next"));
      const next = await finishRun(t, await startRun(t, "purge"));
      expect(next).toMatchObject({ sessions: 400, pages: 2, errors: [] });
    },
  );
  vi.setSystemTime(NOW + 2 * DAY_MS);
  await seedExpired(t, visitors(400, OLD, "later"));
  const later = await finishRun(t, await startRun(t, "purge"));
  expect(later).toMatchObject({ sessions: 400, pages: 1 });
});

test("a row that runs out of time alone is set aside, and the page size stays", async () => {
  await seedExpired(t, visitors(3, OLD));
  await withSlowHook(
    () => 0,
    async () => {
      const run = await finishRun(t, await startRun(t, "purge"));
      expect(run).toMatchObject({ status: "completed", quarantined: 3 });
      expect(run.errors.at(-1)).toMatchObject({
        message: expect.stringContaining("timed out") as string,
        sessionId: expect.any(String) as string,
      });
    },
  );
});

test("a schedule's run is in the ledger from its tick on", async () => {
  await seedExpired(t, visitors(10, OLD));
  await t.mutation(internal.schedules.watchdog.check, {});
  await withSlowHook(
    () => 0,
    async () => {
      // By its default spec the purge schedule is due at half past two.
      await advance(t, 2.5 * HOUR_MS - 1);
      vi.setSystemTime(NOW + 2.5 * HOUR_MS);
      await t.mutation(internal.schedules.dispatch.tick, {
        name: "purge",
      });
      const [run] = await t.query(api.runs.ledger.list, {});
      expect(run).toMatchObject({ trigger: "schedule", status: "running" });
      expect(await finishRun(t, run?.runId ?? "")).toMatchObject({
        quarantined: 10,
      });
    },
  );
});

test("a run that lost its next page with the process goes on within a minute", async () => {
  await seedExpired(t, visitors(2_500, OLD));
  const runId = await startRun(t, "purge");
  // The job is lost, like any action whose process died, but the run's guard is not.
  await t.run(async (ctx) => {
    const { seq } = (await ctx.db.get("runs", runId)) ?? { seq: 0 };
    await ctx.db.patch("runs", runId, { seq: seq + 1 });
  });
  await advance(t, MINUTE_MS + 10_000);
  expect(await readRun(t, runId)).toMatchObject({
    status: "completed",
    sessions: 2_500,
  });
});

function tookMs({ startedAt, finishedAt = Infinity }: Run): number {
  return finishedAt - startedAt;
}
