/** Pages that fail: how a run shrinks them, sets rows aside, goes on, or gives up. */
import { expect, test } from "vitest";
import { step } from "../support/clock.js";
import { removeFaults, setUpWithFaults } from "../support/faults.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  NOW,
  t,
} from "../support/fresh.js";
import { expectInvariants } from "../support/rows.js";
import {
  finishRun,
  readRun,
  seedExpired,
  seedLeased,
  setPageSize,
  startRun,
  visitors,
} from "../support/runKit.js";
import {
  MAX_FAILURES_IN_A_ROW,
  MAX_RUN_ERRORS,
  type Run,
} from "../../../convex/sessionTracker/shared/runs/run.js";

const CUTOFF = NOW - 14 * DAY_MS;
const OLD = CUTOFF - DAY_MS;

freshComponent(NOW, setUpWithFaults);

test("pages shrink to the row that fails, set it aside, and grow again", async () => {
  await setPageSize(t, 64);
  await seedExpired(t, [
    ...visitors(1, OLD, "poison"),
    ...visitors(199, OLD + 1),
  ]);
  const runId = await startRun(t, "purge");
  const seen = await watch(runId);
  // The page size is halved down to one row; then that row is set aside, and each success doubles the size.
  expect(sizes(seen)).toEqual([32, 16, 8, 4, 2, 1, 2, 4, 8, 16, 32, 64]);

  const poison = (await expectInvariants(t)).sessions;
  expect(poison.map((row) => row.anonymousId)).toEqual(["poison-0"]);
  expect(seen.at(-1)).toMatchObject({
    status: "completed",
    sessions: 199,
    quarantined: 1,
    failuresInARow: 0,
    errors: [
      {
        at: expect.any(Number) as number,
        message: expect.stringContaining("poison-0 refused") as string,
        sessionId: poison[0]?._id,
      },
    ],
  });
});

test("of 2,500 rows of one moment, each is deleted once but for those set aside", async () => {
  await setPageSize(t, 100);
  const seeds = visitors(2_500, OLD);
  for (const i of [3, 1_200, 1_201, 2_499]) {
    seeds[i] = { anonymousId: `poison-${i}`, lastActive: OLD };
  }
  await seedExpired(t, seeds);
  const run = await finishRun(t, await startRun(t, "purge"));
  expect(run).toMatchObject({
    status: "completed",
    sessions: 2_496,
    quarantined: 4,
  });
  const left = (await expectInvariants(t)).sessions;
  expect(left.map((row) => row.anonymousId)).toEqual([
    "poison-3",
    "poison-1200",
    "poison-1201",
    "poison-2499",
  ]);
  expect(run.errors.map((error) => error.sessionId)).toEqual(
    left.map((row) => row._id),
  );
});

test("a lease that fails is set aside, and its session stays active", async () => {
  await setPageSize(t, 10);
  await seedLeased(t, [
    ...visitors(4, OLD),
    ...visitors(1, OLD, "poison"),
    ...visitors(4, OLD, "after"),
  ]);
  for (const kind of ["expire", "purge"] as const) {
    const run = await finishRun(t, await startRun(t, kind));
    expect(run).toMatchObject({
      status: "completed",
      sessions: 8,
      quarantined: 1,
    });
    const { leases } = await expectInvariants(t);
    expect(leases.map((row) => row.anonymousId)).toEqual(["poison-0"]);
  }
});

test("a failed page is rolled back as a whole", async () => {
  await setPageSize(t, 10);
  await seedExpired(t, [
    ...visitors(5, OLD).map((seed) => ({ ...seed, actions: 3 })),
    ...visitors(1, OLD, "poison"),
  ]);
  const runId = await startRun(t, "purge");
  expect(await readRun(t, runId)).toMatchObject({
    pageSize: 5,
    pages: 0,
    sessions: 0,
    actions: 0,
  });
  const { sessions, actions } = await expectInvariants(t);
  expect([sessions.length, actions.length]).toEqual([6, 15]);
});

test("20 failures in a row fail the run, which resumes at its cursor", async () => {
  await setPageSize(t, 4);
  await seedExpired(t, visitors(25, OLD, "poison"));
  const runId = await startRun(t, "purge");
  const failed = await finishRun(t, runId);
  expect(failed).toMatchObject({
    status: "failed",
    pageSize: 1,
    sessions: 0,
    quarantined: MAX_FAILURES_IN_A_ROW - 1,
    failuresInARow: MAX_FAILURES_IN_A_ROW,
  });
  expect(failed.errors).toHaveLength(MAX_RUN_ERRORS);
  expect((await expectInvariants(t)).sessions).toHaveLength(25);

  await removeFaults(t);
  await t.mutation(api.runs.control.resume, { runId, actor: "tester" });
  expect(await finishRun(t, runId)).toMatchObject({
    status: "completed",
    sessions: 6,
    quarantined: MAX_FAILURES_IN_A_ROW - 1,
  });
  // The rows set aside are left for the next run.
  expect(await finishRun(t, await startRun(t, "purge"))).toMatchObject({
    sessions: MAX_FAILURES_IN_A_ROW - 1,
    quarantined: 0,
  });
  expect((await expectInvariants(t)).sessions).toEqual([]);
});

test("a row that succeeds between failures resets the count of failures", async () => {
  await setPageSize(t, 1);
  await seedExpired(t, [
    ...visitors(15, OLD, "poison"),
    ...visitors(1, OLD),
    ...visitors(15, OLD, "poison-too"),
  ]);
  const run = await finishRun(t, await startRun(t, "purge"));
  expect(run).toMatchObject({
    status: "completed",
    sessions: 1,
    quarantined: 30,
  });
  expect(run.errors).toHaveLength(MAX_RUN_ERRORS);
});

test("a page over the limits of a transaction shrinks until it fits", async () => {
  await removeFaults(t);
  for (let i = 0; i < 4; i += 1) await seedLarge(i);
  const runId = await startRun(t, "purge");
  expect((await readRun(t, runId)).pageSize).toBeLessThan(1_000);
  expect(await finishRun(t, runId)).toMatchObject({
    status: "completed",
    sessions: 36,
    quarantined: 0,
    errors: [],
  });

  /** Seeds active sessions so large that a transaction may not expire 36 of them. */
  async function seedLarge(batch: number) {
    const seeds = visitors(9, OLD, `large-${batch}`);
    await seedLeased(t, seeds);
    await t.run(async (ctx) => {
      for (const { anonymousId } of seeds) {
        const session = await ctx.db
          .query("sessions")
          .withIndex("anonymousId", (q) => q.eq("anonymousId", anonymousId))
          .unique();
        const userId = "x".repeat(400_000);
        if (session) {
          await ctx.db.patch("sessions", session._id, { userId });
        }
      }
    });
  }
});

/** The run after each step of the clock that changed it. */
async function watch(runId: string): Promise<Run[]> {
  const seen = [await readRun(t, runId)];
  const deadline = NOW + HOUR_MS;
  while (seen.at(-1)?.status === "running" && Date.now() < deadline) {
    await step(t);
    const run = await readRun(t, runId);
    if (run.seq !== seen.at(-1)?.seq || run.status !== "running") {
      seen.push(run);
    }
  }
  return seen;
}

function sizes(runs: Run[]): number[] {
  const all = runs.map((run) => run.pageSize);
  return all.filter((size, i) => size !== all[i - 1]);
}
