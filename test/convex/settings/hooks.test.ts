/** An app's hooks get each page's sessions, in the page's own transaction. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { advance } from "../support/clock.js";
import { DAY_MS, fakeClock, MINUTE_MS, NOW } from "../support/fresh.js";
import { sessionTracker } from "../support/hooksApp/component.js";
import { install, setUpApp, type App } from "../support/hooksApp/setup.js";

const OLD = NOW - 20 * DAY_MS;

let t: App;
fakeClock(NOW);
beforeEach(async () => {
  t = setUpApp();
  await t.mutation(install, {
    onExpired: "noteExpired",
    onPurged: "deleteCarts",
  });
});

test("onPurged gets every page's sessions, with their ids and times", async () => {
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

test("onExpired gets the idle sessions, with their user if known", async () => {
  await t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.visitors.link.user, {
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

test("the app's rows are deleted in the same transaction as the sessions", async () => {
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
  // The hook's writes in a page that failed are undone, too.
  const told = (await hookCalls()).flatMap((call) => call.anonymousIds);
  expect(told).toEqual(visitors.filter((_, i) => i !== 5));
});

test("forget calls the app's onPurged for the visitor", async () => {
  const [gone = ""] = await importVisitors(2, OLD);
  await giveCarts();
  const told = { hook: "onPurged", error: null };
  expect(await forget(gone)).toMatchObject({ erased: true, told });
  expect(await sessionIds()).toHaveLength(1);
  expect(await cartsOf()).toEqual(await sessionIds());
  expect(await debts()).toEqual([]);
});

describe("where the hook fails", () => {
  test("forget still erases the visitor, rolls the hook back and records a debt", async () => {
    const [gone = "", kept = ""] = await importVisitors(2, OLD);
    await giveCarts();
    await refuse(gone);
    const error = expect.stringMatching(
      /hook onPurged \(.*deleteCarts\) failed: .*invoice is still open/,
    ) as string;
    const { sessionId, ...erased } = await forget(gone);
    expect(erased).toEqual({
      erased: true,
      actions: 0,
      told: { hook: "onPurged", error },
    });
    expect(await sessionIds()).toHaveLength(1);
    // The cart of the erased session is still there, and so is its name.
    expect(await cartsOf()).toHaveLength(2);
    expect(await hookCalls()).toEqual([]);
    const [debt] = await debts();
    expect(debt).toEqual({
      debtId: expect.any(String) as string,
      hook: "onPurged",
      sessionId,
      erasedAt: NOW,
      triedAt: NOW,
      error,
      tries: 0,
      nextTryAt: null,
    });
    expect(JSON.stringify(debt)).not.toContain(gone);
    expect((await status()).hookDebts).toBe(1);
    expect(await forget(kept)).toMatchObject({ erased: true });
  });

  test("a debt is paid once the hook works again, not before", async () => {
    const [gone = ""] = await importVisitors(1, OLD);
    await giveCarts();
    await refuse(gone);
    await forget(gone);
    const [debt] = await debts();
    const { debtId = "" } = debt ?? {};
    vi.setSystemTime(NOW + MINUTE_MS);
    expect(await retry(debtId)).toMatchObject({
      isPaid: false,
      error: expect.stringContaining("invoice") as string,
    });
    expect(await debts()).toMatchObject([
      { erasedAt: NOW, triedAt: NOW + MINUTE_MS },
    ]);
    await t.run(async (ctx) => {
      for (const row of await ctx.db.query("refused").collect()) {
        await ctx.db.delete("refused", row._id);
      }
    });
    expect(await retry(debtId)).toEqual({ isPaid: true, error: null });
    expect(await cartsOf()).toEqual([]);
    expect(await debts()).toEqual([]);
    expect(await retry(debtId)).toEqual({ isPaid: true, error: null });
  });

  test("a hook that runs out of time is owed, and not called again until the debt is paid", async () => {
    const [first = "", second = ""] = await importVisitors(2, OLD);
    const hookUnable = "it timed out";
    expect(await forget(first, { hookUnable })).toMatchObject({
      erased: true,
      told: { error: hookUnable },
    });
    expect(await forget(second)).toMatchObject({
      erased: true,
      told: { error: expect.stringContaining("ran out of time") as string },
    });
    expect(await hookCalls()).toEqual([]);
    for (const { debtId } of await debts()) await retry(debtId);
    expect(await hookCalls()).toHaveLength(2);
  });

  test("a debt can be settled by hand, once", async () => {
    const [gone = ""] = await importVisitors(1, OLD);
    await refuse(gone);
    await forget(gone);
    const [debt] = await debts();
    const settle = () =>
      t.mutation((ctx) =>
        ctx.runMutation(sessionTracker.operator.hooks.settle, {
          debtId: debt?.debtId ?? "",
        }),
      );
    expect(await settle()).toEqual({ settled: true });
    expect(await settle()).toEqual({ settled: false });
    expect((await status()).hookDebts).toBe(0);
  });
});

test("a hook whose function is gone is reported, can be cleared, and stops no forget", async () => {
  const [gone = ""] = await importVisitors(3, OLD);
  await t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.settings.settings.setHooks, {
      onPurged: "function://;hooks:renamedLongAgo",
    }),
  );
  expect(await check()).toEqual([
    {
      name: "onExpired",
      handle: expect.stringContaining("noteExpired") as string,
      error: null,
    },
    {
      name: "onPurged",
      handle: "function://;hooks:renamedLongAgo",
      error: expect.any(String) as string,
    },
  ]);
  expect(await hookCalls()).toEqual([]);
  expect(await forget(gone)).toMatchObject({
    erased: true,
    told: { error: expect.stringContaining("hooks:renamedLongAgo") as string },
  });
  expect(await run("purge")).toMatchObject({
    quarantined: 2,
    errors: expect.arrayContaining([
      expect.objectContaining({
        message: expect.stringContaining("hook onPurged") as string,
      }),
    ]) as unknown[],
  });
  const clear = () =>
    t.mutation((ctx) =>
      ctx.runMutation(sessionTracker.operator.hooks.clear, {
        names: ["onPurged", "onLinked"],
        actor: "tester",
        reason: "it was renamed",
      }),
    );
  expect(await clear()).toEqual({ cleared: ["onPurged"] });
  expect(await clear()).toEqual({ cleared: [] });
  expect((await audited())[0]).toEqual({
    at: expect.any(Number) as number,
    what: "hooks.changed",
    target: "onPurged",
    actor: "tester",
    reason: "it was renamed",
    before: { handle: "function://;hooks:renamedLongAgo" },
    after: { handle: null },
  });
  expect((await check()).map(({ name }) => name)).toEqual(["onExpired"]);
  expect(await run("purge")).toMatchObject({ sessions: 2, quarantined: 0 });
});

test("only a hook that changes is audited, as the app's", async () => {
  const installed = await audited();
  expect(installed).toMatchObject([
    { target: "onPurged", actor: "app", before: { handle: null } },
    { target: "onExpired", actor: "app", before: { handle: null } },
  ]);
  const hooks = { onExpired: "noteExpired", onPurged: "deleteCarts" } as const;
  await t.mutation(install, hooks);
  expect(await audited()).toEqual(installed);
});

test("setting a hook to null removes it", async () => {
  await t.mutation(install, { onExpired: null, onPurged: null });
  await importVisitors(2, OLD);
  expect(await run("purge")).toMatchObject({ sessions: 2 });
  expect(await hookCalls()).toEqual([]);
});

test("a schedule keeps firing after a hook of its own run edits it", async () => {
  await t.mutation(install, { onExpired: "editSchedule", onPurged: null });
  await t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.schedules.change.set, {
      name: "expire",
      spec: "*/15 * * * *",
      actor: "tester",
    }),
  );
  const visit = (anonymousId: string) =>
    t.mutation((ctx) =>
      ctx.runMutation(sessionTracker.visitors.heartbeat.beat, {
        anonymousId,
      }),
    );
  await visit("first");
  await advance(t, 46 * MINUTE_MS);
  expect(await hookCalls()).toHaveLength(1);
  expect(await expireSchedule()).toMatchObject({ spec: "*/20 * * * *" });

  // The schedule goes on firing, by the spec that the hook gave it, and starting runs.
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
    ctx.runMutation(sessionTracker.runs.control.start, {
      kind,
      actor: "tester",
      trigger: "app",
    }),
  );
  await advance(t, 10 * MINUTE_MS);
  return await t.query((ctx) =>
    ctx.runQuery(sessionTracker.runs.ledger.get, { runId }),
  );
}

function setPageSize(pageSize: number) {
  return t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.settings.settings.change, {
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
    ctx.runMutation(sessionTracker.operator.import.batch, { rows }),
  );
  return rows.map((row) => row.anonymousId);
}

async function sessionIds(): Promise<string[]> {
  const { sessions } = await t.query((ctx) =>
    ctx.runQuery(sessionTracker.operator.search.page, {
      filter: {},
      sort: "created",
      order: "desc",
      limit: 1_000,
    }),
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
    ctx.runQuery(sessionTracker.schedules.show.list, {}),
  );
  return schedules.find(({ name }) => name === "expire");
}

function forget(anonymousId: string, more: { hookUnable?: string } = {}) {
  return t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.visitors.forget.visitor, {
      anonymousId,
      ...more,
    }),
  );
}

/** Makes the hook refuse the visitor. */
async function refuse(anonymousId: string): Promise<void> {
  await t.run(async (ctx) => {
    await ctx.db.insert("refused", { anonymousId });
  });
}

async function debts() {
  const page = await t.query((ctx) =>
    ctx.runQuery(sessionTracker.operator.hooks.debts, {}),
  );
  return page.debts;
}

function retry(debtId: string) {
  return t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.operator.hooks.retry, { debtId }),
  );
}

/** The changes of hooks in the audit log, newest first. */
async function audited() {
  const { entries } = await t.query((ctx) =>
    ctx.runQuery(sessionTracker.operator.log.page, {
      what: ["hooks.changed"],
      limit: 10,
    }),
  );
  return entries;
}

function check() {
  return t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.operator.hooks.check, {}),
  );
}

function status() {
  return t.query((ctx) => ctx.runQuery(sessionTracker.operator.status.get, {}));
}
