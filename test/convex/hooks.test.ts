/** An app's hooks get each page's sessions, in the page's own transaction. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DAY_MS, MINUTE_MS } from "../../convex/sessionTracker/shared.js";
import { advance } from "./clock.js";
import { sessionTracker } from "./hooksApp/component.js";
import { install, setUpApp, type App } from "./hooksApp/setup.js";

const NOW = Date.UTC(2026, 2, 1);
const OLD = NOW - 20 * DAY_MS;

let t: App;
beforeEach(async () => {
  vi.useFakeTimers({ now: NOW });
  t = setUpApp();
  await t.mutation(install, {
    onExpired: "noteExpired",
    onPurged: "deleteCarts",
  });
});
afterEach(() => {
  vi.useRealTimers();
});

test("onPurged gets every page's sessions, with all an app needs of them", async () => {
  await setPageSize(2);
  const visitors = await importVisitors(5, OLD);
  await run("purge");
  const calls = await hookCalls();
  expect(calls.map((call) => call.hook)).toEqual(Array(3).fill("onPurged"));
  expect(calls.map((call) => call.anonymousIds)).toEqual([
    visitors.slice(0, 2),
    visitors.slice(2, 4),
    visitors.slice(4),
  ]);
  expect(calls[0]?.sessions[0]).toEqual({
    sessionId: expect.any(String) as string,
    anonymousId: visitors[0],
    createdAt: OLD - MINUTE_MS,
    lastActive: OLD,
  });
});

test("onExpired gets those who were idle, with the user where one is known", async () => {
  await t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.tracking.link, {
      anonymousId: "known",
      userId: "ann",
    }),
  );
  vi.setSystemTime(NOW + 31 * MINUTE_MS);
  await run("expire");
  const [call] = await hookCalls();
  expect(call).toMatchObject({
    hook: "onExpired",
    sessions: [{ anonymousId: "known", lastActive: NOW, userId: "ann" }],
  });
});

test("the app's rows go exactly when the sessions do", async () => {
  await setPageSize(4);
  const visitors = await importVisitors(8, OLD);
  await t.run(async (ctx) => {
    await ctx.db.insert("refused", { anonymousId: visitors[5] ?? "" });
  });
  await giveCarts();
  const done = await run("purge");
  expect(done).toMatchObject({
    status: "completed",
    sessions: 7,
    quarantined: 1,
    errors: [
      {
        message: expect.stringContaining(
          "this visitor's invoice is still open",
        ) as string,
      },
    ],
  });
  expect(await sessionIds()).toHaveLength(1);
  expect(await cartsOf()).toEqual(await sessionIds());
  // What the hook wrote in a page that failed is gone too.
  const told = (await hookCalls()).flatMap((call) => call.anonymousIds);
  expect(told).toEqual(visitors.filter((_, i) => i !== 5));
});

test("who is forgotten is forgotten by the app too, or, where it refuses, by neither", async () => {
  const [gone = "", kept = ""] = await importVisitors(2, OLD);
  await giveCarts();
  await t.run(async (ctx) => {
    await ctx.db.insert("refused", { anonymousId: kept });
  });
  const forget = (anonymousId: string) =>
    t.mutation((ctx) =>
      ctx.runMutation(sessionTracker.tracking.forget, { anonymousId }),
    );
  expect(await forget(gone)).toMatchObject({ erased: true });
  await expect(forget(kept)).rejects.toThrow("invoice is still open");
  expect(await sessionIds()).toHaveLength(1);
  expect(await cartsOf()).toEqual(await sessionIds());
});

test("null removes a hook", async () => {
  await t.mutation(install, { onExpired: null, onPurged: null });
  await importVisitors(2, OLD);
  expect(await run("purge")).toMatchObject({ sessions: 2 });
  expect(await hookCalls()).toEqual([]);
});

test("a hook that edits its own schedule leaves it alive", async () => {
  await t.mutation(install, { onExpired: "editSchedule", onPurged: null });
  await t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.schedules.set, {
      name: "expire",
      spec: "*/15 * * * *",
      actor: "tester",
    }),
  );
  const visit = (anonymousId: string) =>
    t.mutation((ctx) =>
      ctx.runMutation(sessionTracker.tracking.heartbeat, { anonymousId }),
    );
  await visit("first");
  await advance(t, 46 * MINUTE_MS);
  expect(await hookCalls()).toHaveLength(1);
  expect(await expireSchedule()).toMatchObject({ spec: "*/20 * * * *" });

  // It goes on firing, by the spec that the hook gave it, and starting runs.
  await visit("second");
  await advance(t, 60 * MINUTE_MS);
  expect(await hookCalls()).toHaveLength(2);
  expect(await expireSchedule()).toMatchObject({
    lastAt: NOW + 100 * MINUTE_MS,
    nextAt: NOW + 120 * MINUTE_MS,
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function run(kind: "expire" | "purge") {
  const { runId } = await t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.runs.start, {
      kind,
      actor: "tester",
      trigger: "app",
    }),
  );
  await advance(t, 10 * MINUTE_MS);
  return await t.query((ctx) =>
    ctx.runQuery(sessionTracker.runs.get, { runId }),
  );
}

function setPageSize(pageSize: number) {
  return t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.settings.change, {
      patch: { pageSize },
      actor: "tester",
    }),
  );
}

async function importVisitors(count: number, lastActive: number) {
  const rows = Array.from({ length: count }, (_, i) => ({
    anonymousId: `visitor-${i}`,
    createdAt: lastActive - MINUTE_MS,
    lastActive,
  }));
  await t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.importing.importBatch, { rows }),
  );
  return rows.map((row) => row.anonymousId);
}

async function sessionIds(): Promise<string[]> {
  const { sessions } = await t.query((ctx) =>
    ctx.runQuery(sessionTracker.sessions.list, {}),
  );
  return sessions.map((session) => session.sessionId);
}

async function giveCarts(): Promise<void> {
  const ids = await sessionIds();
  await t.run(async (ctx) => {
    for (const sessionId of ids) await ctx.db.insert("carts", { sessionId });
  });
}

async function cartsOf(): Promise<string[]> {
  const carts = await t.run((ctx) => ctx.db.query("carts").collect());
  return carts.map((cart) => cart.sessionId);
}

function hookCalls() {
  return t.run((ctx) => ctx.db.query("calls").collect());
}

async function expireSchedule() {
  const schedules = await t.query((ctx) =>
    ctx.runQuery(sessionTracker.schedules.list, {}),
  );
  return schedules.find(({ name }) => name === "expire");
}
