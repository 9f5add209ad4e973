/** Runs that keep to the window of their schedule. */
import { describe, expect, test } from "vitest";
import { advance } from "../support/clock.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";
import { checkWatchdog } from "../support/fireKit.js";
import { record } from "../support/recorder.js";
import { expectInvariants } from "../support/rows.js";
import {
  readRun,
  seedExpired,
  setPageSize,
  visitors,
} from "../support/runKit.js";

const at = (iso: string) => Date.parse(iso);
const actor = "tester";
const window = { opens: "01:00", closes: "05:00" };

freshComponent();

async function set(terms: {
  spec?: string;
  window?: typeof window | null;
}): Promise<void> {
  await t.mutation(api.schedules.change.set, {
    name: "purge",
    ...terms,
    actor,
  });
}

/**
 * A purge of twelve sessions that counts as the schedule's, at five to five in the morning, at a session a minute: about
 * five are done when its window closes.
 */
async function startScheduled(): Promise<string> {
  await setPageSize(t, 1);
  await set({ spec: "30 1 * * *", window });
  await until("2026-03-01T04:55Z");
  await seedExpired(t, visitors(12, NOW - 60 * DAY_MS));
  const { runId } = await t.mutation(api.runs.control.start, {
    ...{ kind: "purge", actor: "schedule", trigger: "schedule" },
    ratePerSecond: 1 / 60,
  });
  return runId;
}

const until = (iso: string) => advance(t, at(iso) - Date.now());

test("a run of the schedule stops at its page when the window closes, and goes on in the next, with its cutoff", async () => {
  const runId = await startScheduled();
  const { cutoff } = await readRun(t, runId);
  await until("2026-03-01T05:30Z");
  const opensAt = at("2026-03-02T01:00Z");
  const waiting = await readRun(t, runId);
  expect(waiting).toMatchObject({
    ...{ status: "running", waitingUntil: opensAt, nextPageAt: opensAt },
  });
  expect(waiting.progressAt).toBeLessThan(at("2026-03-01T05:00Z"));
  const { sessions } = waiting;
  expect(sessions).toBeGreaterThanOrEqual(5);
  expect(sessions).toBeLessThan(12);
  // A day without work: nobody takes it for stuck, and a deploy moves nothing.
  const { transactions } = await record(async () => {
    for (let look = 0; look < 5; look += 1) {
      await advance(t, 2 * HOUR_MS);
      await checkWatchdog(t);
    }
  });
  expect(
    transactions.filter(({ name }) => name.startsWith("runs/")).length,
  ).toBeLessThanOrEqual(5);
  expect((await t.query(api.operator.status.get, {})).watchdog).toMatchObject({
    lastResult: "all well",
  });
  expect((await readRun(t, runId)).sessions).toBe(sessions);
  await until("2026-03-02T02:00Z");
  expect(await readRun(t, runId)).toMatchObject({
    ...{ status: "completed", sessions: 12, cutoff },
  });
  expect(await readRun(t, runId)).not.toHaveProperty("waitingUntil");
  expect((await expectInvariants(t)).sessions).toEqual([]);
});

test("while it waits, a fire finds it under way, and cancel and resume do what they say", async () => {
  const runId = await startScheduled();
  await until("2026-03-01T06:00Z");
  await t.mutation(api.runs.control.cancel, { runId, actor });
  const canceled = await readRun(t, runId);
  expect(canceled.status).toBe("canceled");
  expect(canceled).not.toHaveProperty("waitingUntil");
  // Resumed to keep to the window, it waits again.
  const resume = (inWindow?: boolean) =>
    t.mutation(api.runs.control.resume, {
      ...{ runId, actor },
      ...(inWindow === undefined ? {} : { inWindow }),
    });
  expect(await resume(true)).toMatchObject({ resumed: true });
  await advance(t, MINUTE_MS);
  expect(await readRun(t, runId)).toMatchObject({
    ...{ status: "running", waitingUntil: at("2026-03-02T01:00Z") },
  });
  expect(await resume(true)).toEqual({ resumed: false, status: "running" });
  // By hand it goes on at once.
  expect(await resume()).toEqual({ resumed: true, status: "running" });
  await until("2026-03-01T07:00Z");
  expect(await readRun(t, runId)).toMatchObject({
    ...{ status: "completed", sessions: 12, inWindow: false },
  });
});

describe("a change of the window", () => {
  test("lets the run that waits go on at once where the window is open now", async () => {
    const runId = await startScheduled();
    await until("2026-03-01T06:00Z");
    await set({ window: null });
    await until("2026-03-01T07:00Z");
    expect(await readRun(t, runId)).toMatchObject({ status: "completed" });
  });

  test("stops a run that is under way, and moves the wait of one that waits", async () => {
    const runId = await startScheduled();
    await advance(t, 90_000);
    const { sessions } = await readRun(t, runId);
    await set({
      spec: "30 2 * * *",
      window: { opens: "02:00", closes: "03:00" },
    });
    await advance(t, 5 * MINUTE_MS);
    expect(await readRun(t, runId)).toMatchObject({
      sessions,
      waitingUntil: at("2026-03-02T02:00Z"),
    });
    await set({ window: { opens: "02:15", closes: "03:00" } });
    await advance(t, MINUTE_MS);
    expect(await readRun(t, runId)).toMatchObject({
      waitingUntil: at("2026-03-02T02:15Z"),
    });
  });
});

describe("a run that an operator starts", () => {
  const start = (more: { inWindow?: boolean; kind?: "purge" | "expire" }) =>
    t.mutation(api.runs.control.start, {
      ...{ kind: "purge" as const, actor, trigger: "operator" as const },
      ...more,
    });

  test("keeps to no window", async () => {
    await seedExpired(t, visitors(2, NOW - 60 * DAY_MS));
    await set({ spec: "30 2 * * *", window });
    const { runId } = await start({});
    await advance(t, MINUTE_MS);
    expect(await readRun(t, runId)).toMatchObject({ status: "completed" });
  });

  test("keeps to it where it is asked to", async () => {
    await seedExpired(t, visitors(2, NOW - 60 * DAY_MS));
    await set({ spec: "30 2 * * *", window });
    const { runId } = await start({ inWindow: true });
    await advance(t, MINUTE_MS);
    expect(await readRun(t, runId)).toMatchObject({
      ...{ status: "running", sessions: 0, waitingUntil: NOW + HOUR_MS },
    });
    await advance(t, HOUR_MS);
    expect(await readRun(t, runId)).toMatchObject({ status: "completed" });
  });

  test("is refused where there is no window to keep to", async () => {
    await set({ spec: "30 2 * * *", window });
    await expect(
      start({ kind: "expire", inWindow: true }),
    ).rejects.toMatchObject({
      data: { kind: "invalidArgument", argument: "inWindow" },
    });
  });
});
