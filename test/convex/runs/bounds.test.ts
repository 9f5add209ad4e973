/** The bounds of runs: so many sessions in all, so many a second. */
import { expect, test, vi } from "vitest";
import { advance } from "../support/clock.js";
import {
  api,
  DAY_MS,
  freshComponent,
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
  runToPage,
  seedExpired,
  seedLeased,
  setPageSize,
  untilFirstPage,
  visitors,
} from "../support/runKit.js";

const OLD = NOW - 20 * DAY_MS;
const by = { actor: "tester", trigger: "operator" as const };

freshComponent();

async function start(
  kind: "purge" | "expire",
  bounds: { maxSessions?: number; ratePerSecond?: number },
) {
  const request = { kind, ...by, ...bounds };
  const { runId } = await t.mutation(api.runs.control.start, request);
  await untilFirstPage(t, runId);
  return runId;
}

test("a run ends at its maximum, and resumes with the same maximum again", async () => {
  await setPageSize(t, 3);
  await seedExpired(t, visitors(12, OLD));
  const runId = await start("purge", { maxSessions: 5 });
  expect(await finishRun(t, runId)).toMatchObject({
    status: "maxReached",
    sessions: 5,
    finishedAt: expect.any(Number) as number,
  });
  expect((await expectInvariants(t)).sessions).toHaveLength(7);

  const resume = () =>
    t.mutation(api.runs.control.resume, { runId, actor: "ann" });
  vi.setSystemTime(NOW + DAY_MS);
  await resume();
  expect(await finishRun(t, runId)).toMatchObject({
    status: "maxReached",
    sessions: 10,
    resumed: { at: NOW + DAY_MS, sessions: 5 },
  });
  await resume();
  expect(await finishRun(t, runId)).toMatchObject({
    status: "completed",
    sessions: 12,
  });
});

test("a run canceled before its maximum resumes with what is left of it", async () => {
  await setPageSize(t, 2);
  await seedExpired(t, visitors(140, OLD));
  const runId = await start("purge", { maxSessions: 120 });
  // The run has done its first page, and the pages of its first job.
  await runToPage(t, runId, 51);
  await t.mutation(api.runs.control.cancel, { runId, actor: "ann" });
  await t.mutation(api.runs.control.resume, { runId, actor: "ann" });
  expect(await finishRun(t, runId)).toMatchObject({
    status: "maxReached",
    sessions: 120,
  });
});

test("a run completes when its maximum is exactly what is due", async () => {
  await seedExpired(t, visitors(5, OLD));
  const runId = await start("purge", { maxSessions: 5 });
  expect((await readRun(t, runId)).status).toBe("completed");
});

test("the maximum of a purge counts deleted sessions, not the leases it expires first", async () => {
  await seedLeased(t, visitors(8, OLD, "stale"));
  await seedExpired(t, visitors(4, OLD - DAY_MS));
  const runId = await start("purge", { maxSessions: 5 });
  expect(await finishRun(t, runId)).toMatchObject({
    status: "maxReached",
    leases: 8,
    sessions: 5,
  });
  await expectInvariants(t);
});

test("the maximum of an expire run counts leases", async () => {
  await seedLeased(t, visitors(8, OLD));
  const runId = await start("expire", { maxSessions: 5 });
  expect(await finishRun(t, runId)).toMatchObject({
    status: "maxReached",
    sessions: 5,
  });
  await expectInvariants(t);
});

test("a run with a rate keeps it, and no page holds more than a second of it", async () => {
  await seedExpired(t, visitors(600, OLD));
  const runId = await start("purge", { ratePerSecond: 10 });
  let last = 0;
  for (let second = 0; second < 40; second += 1) {
    const { sessions } = await readRun(t, runId);
    expect(sessions).toBeLessThanOrEqual(10 * second + 10);
    expect(sessions - last).toBeLessThanOrEqual(10);
    last = sessions;
    await advance(t, 1_000);
  }
  expect(last).toBeGreaterThan(250);
  expect(await finishRun(t, runId)).toMatchObject({ sessions: 600 });
});

test("a run with a maximum and a rate keeps the rate from its first page", async () => {
  await seedExpired(t, visitors(50, OLD));
  const bounds = { maxSessions: 50, ratePerSecond: 10 };
  const runId = await start("purge", bounds);
  const { finishedAt = 0 } = await finishRun(t, runId);
  expect(finishedAt - NOW).toBeGreaterThanOrEqual(4_000);
});

test("a session with many actions counts as several in the rate", async () => {
  await seedExpired(t, [
    { anonymousId: "busy", lastActive: OLD, actions: 400 },
  ]);
  const runId = await start("purge", { ratePerSecond: 10 });
  await advance(t, 4_000);
  expect((await readRun(t, runId)).actions).toBeLessThanOrEqual(200);
  const { finishedAt = 0 } = await finishRun(t, runId);
  expect(finishedAt - NOW).toBeGreaterThanOrEqual(9_000);
});

test("the watchdog leaves a run with a rate alone only while it waits", async () => {
  await seedExpired(t, visitors(3, OLD));
  const runId = await start("purge", { ratePerSecond: 0.01 });
  // The rate is one session every 100 seconds; the wait is set to that after a session of 300 actions.
  await loseLink(t, runId);
  await t.run((ctx) =>
    ctx.db.patch("runs", runId, { nextPageAt: NOW + 60 * MINUTE_MS, seq: 99 }),
  );
  await advance(t, 70 * MINUTE_MS);
  await t.mutation(internal.schedules.watchdog.check, {});
  expect((await readRun(t, runId)).seq).toBe(99);
  await advance(t, 1);
  await t.mutation(internal.schedules.watchdog.check, {});
  expect((await readRun(t, runId)).seq).toBe(100);
});

test.each([
  { maxSessions: 0 },
  { maxSessions: 1.5 },
  { ratePerSecond: 0 },
  { ratePerSecond: NaN },
])("the bounds %j are refused, and nothing is started", async (bounds) => {
  await expect(start("purge", bounds)).rejects.toMatchObject({
    data: { kind: "invalidArgument", argument: Object.keys(bounds)[0] },
  });
  expect(await t.query(api.runs.ledger.list, {})).toEqual([]);
});
