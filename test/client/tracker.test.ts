/** `SessionTracker` in functions of an app, as the app's own code calls it. */
import type {
  GenericActionCtx,
  GenericDataModel,
  GenericMutationCtx,
  PaginationOptions,
} from "convex/server";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ConvexError } from "convex/values";
import {
  isSessionsError,
  SessionTracker,
  type EndOf,
  type ForgetOf,
  type PageOfSession,
} from "../../client/index.js";
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
} from "../../convex/sessionTracker/shared/times.js";
import { sessionTracker } from "../convex/support/hooksApp/component.js";
import { sessions as exposed, setUpApp, type App } from "./app.js";

const START = Date.UTC(2026, 1, 28, 12);
const visitor = { anonymousId: "secret-of-v" };
const sessions = new SessionTracker(sessionTracker);

let t: App;
beforeEach(() => {
  vi.useFakeTimers({ now: START });
  t = setUpApp();
});
afterEach(() => {
  vi.useRealTimers();
});

test("days are those of the range, or else of the last thirty", async () => {
  const day = { newVisitors: 0, visits: 1, bounces: 1 };
  const counts = { ...day, engagedMs: 0, actions: 0 };
  await visitAt(START);
  await visitAt(START + 29 * DAY_MS);
  expect(await daysOf()).toEqual([
    { day: "2026-02-28", ...counts, newVisitors: 1 },
    { day: "2026-03-29", ...counts },
  ]);
  vi.setSystemTime(START + 30 * DAY_MS);
  expect(await daysOf()).toHaveLength(1);
  expect(await daysOf({ to: "2026-03-28" })).toHaveLength(1);
  expect(await daysOf({ from: "2026-03-29" })).toHaveLength(1);
  const all = { from: "2026-02-28", to: "2026-03-29" };
  expect(await daysOf(all)).toHaveLength(2);
});

test("days and visits may be asked for in mutations and actions, too", async () => {
  await visitAt(START);
  const range = { from: "2026-02-28", to: "2026-02-28" };
  const days = await daysOf(range);
  expect(days).toHaveLength(1);
  expect(await t.mutation((ctx) => sessions.days(ctx, range))).toEqual(days);
  const inAction = (ctx: GenericActionCtx<GenericDataModel>) =>
    sessions.days(ctx, range);
  expect(await t.action(inAction)).toEqual(days);
});

test("a range that is none is refused with its argument", async () => {
  await expect(daysOf({ from: "soon" })).rejects.toMatchObject({
    data: { kind: "invalidArgument", argument: "from" },
  });
  await expect(daysOf({ to: "soon" })).rejects.toMatchObject({
    data: { kind: "invalidArgument", argument: "to" },
  });
});

test("visits are pages as Convex has them, up to one that says it is the last", async () => {
  for (let n = 0; n < 3; n += 1) await visitAt(START + n * HOUR_MS);
  vi.setSystemTime(START + 3 * HOUR_MS);
  const tracked = await t.mutation(exposed.trackSession, visitor);
  const sessionId = tracked.ok ? tracked.sessionId : "";
  const first = await page({ sessionId }, { numItems: 3, cursor: null });
  expect(first).toMatchObject({
    page: [
      { startedAt: START + 3 * HOUR_MS, endedAt: null, why: null },
      { startedAt: START + 2 * HOUR_MS, why: "ended" },
      { startedAt: START + HOUR_MS },
    ],
    isDone: false,
  });
  const opts = { numItems: 3, cursor: first.continueCursor };
  const second = await page(visitor, opts);
  expect(second).toMatchObject({ page: [{ startedAt: START }], isDone: true });
  const after = { numItems: 3, cursor: second.continueCursor };
  expect(await page(visitor, after)).toMatchObject({ page: [], isDone: true });

  // What a subscribed page keeps as its end.
  await visitAt(START + 4 * HOUR_MS);
  const kept = { numItems: 3, cursor: null, endCursor: first.continueCursor };
  expect((await page({ sessionId }, kept)).page).toHaveLength(4);
  const toEnd = { ...opts, endCursor: second.continueCursor };
  expect((await page({ sessionId }, toEnd)).page).toHaveLength(1);
  expect(JSON.stringify([first, second])).not.toMatch(/secret|anonymousId/);
});

test("visits of nobody are none, and a page may be asked for in any size", async () => {
  const all = { numItems: 100_000, cursor: null };
  const nothing = { page: [], isDone: true };
  expect(await page(visitor, all)).toMatchObject(nothing);
  expect(await page({ sessionId: "nobody" }, all)).toMatchObject(nothing);
  await expect(page(visitor, { ...all, numItems: 0 })).rejects.toMatchObject({
    data: { kind: "invalidArgument" },
  });
});

test("end keeps a visitor away for the time that the app says, and unblock lets them in", async () => {
  const tracked = await t.mutation(exposed.trackSession, visitor);
  const sessionId = tracked.ok ? tracked.sessionId : "";
  const block = { forMs: HOUR_MS };
  const ended = await t.mutation((ctx) =>
    sessions.end(ctx, { sessionId, reason: "lost device", block }),
  );
  const blockedUntil = START + HOUR_MS;
  expect(ended).toEqual({ ended: true, sessionId, blockedUntil });
  const beat = () => t.mutation(exposed.trackSession, visitor);
  const action = { ...visitor, action: "click" };
  const revoked = { ok: false, reason: "revoked", retryAfterMs: HOUR_MS };
  expect(await beat()).toEqual(revoked);
  expect(await t.mutation(exposed.trackUserAction, action)).toEqual(revoked);

  // Neither function of the visitor's own lifts or shortens it.
  await t.mutation(exposed.endSession, visitor);
  await expect(
    t.mutation(exposed.endSession, {
      ...visitor,
      block: { forMs: 1 },
    } as never),
  ).rejects.toThrow();
  expect(await beat()).toEqual(revoked);

  const inAction = (ctx: GenericActionCtx<GenericDataModel>) =>
    sessions.unblock(ctx, visitor);
  expect(await t.action(inAction)).toEqual({ unblocked: true, sessionId });
  expect(await beat()).toMatchObject({ ok: true, state: "revived" });
});

test("end without a block lets the visitor come back, and of nobody ends nothing", async () => {
  const tracked = await t.mutation(exposed.trackSession, visitor);
  expect(tracked).toMatchObject({ ok: true });
  const end = (of: EndOf) => t.mutation((ctx) => sessions.end(ctx, of));
  expect(await end(visitor)).toMatchObject({ ended: true, blockedUntil: null });
  expect(await end({ anonymousId: "nobody", block: "forever" })).toEqual({
    ended: false,
    sessionId: null,
    blockedUntil: null,
  });
  expect(await t.mutation(exposed.trackSession, visitor)).toMatchObject({
    ok: true,
  });
  const bad = { ...visitor, block: { forMs: -1 } };
  await expect(end(bad)).rejects.toMatchObject({
    data: { kind: "invalidArgument", argument: "block.forMs" },
  });
});

test("track, record, link and unlink do what the public functions do", async () => {
  const mutate = <Result>(call: (ctx: Ctx) => Promise<Result>) =>
    t.mutation((ctx) => call(ctx));
  const visit = { path: "/", device: "mobile" as const };
  const tracked = await mutate((ctx) =>
    sessions.track(ctx, { ...visitor, visit }),
  );
  const sessionId = tracked.ok ? tracked.sessionId : "";
  expect(tracked).toMatchObject({ ok: true, state: "created" });
  const action = { action: "order", resourceId: "shoes" };
  expect(
    await mutate((ctx) => sessions.record(ctx, { ...visitor, ...action })),
  ).toEqual({ ok: true, sessionId });
  const user = { ...visitor, userId: "ada" };
  expect(await mutate((ctx) => sessions.link(ctx, user))).toEqual({
    sessionId,
    userId: "ada",
  });
  const seen = await t.query((ctx) => sessions.get(ctx, { sessionId }));
  expect(seen).toMatchObject({ userId: "ada", entry: visit, actionCount: 1 });
  expect(seen).toEqual(await t.query((ctx) => sessions.get(ctx, visitor)));
  const all = { numItems: 10, cursor: null };
  const done = await t.query((ctx) =>
    sessions.actions(ctx, { sessionId, paginationOpts: all }),
  );
  expect(done.page).toEqual([{ at: START, ...action }]);
  expect(await mutate((ctx) => sessions.unlink(ctx, { sessionId }))).toEqual({
    unlinked: true,
    sessionId,
  });
  expect(await mutate((ctx) => sessions.unlink(ctx, visitor))).toEqual({
    unlinked: false,
    sessionId,
  });
  const gone = { ended: true, sessionId };
  expect(await mutate((ctx) => sessions.endVisit(ctx, visitor))).toEqual(gone);
});

test("active has those of the window, and the session's own user", async () => {
  await t.mutation((ctx) => sessions.link(ctx, { ...visitor, userId: "ada" }));
  vi.setSystemTime(START + 10 * MINUTE_MS);
  const within = (minutesActive?: number) =>
    t.query((ctx) =>
      sessions.active(
        ctx,
        minutesActive === undefined ? undefined : { minutesActive },
      ),
    );
  expect(await within()).toMatchObject([{ userId: "ada" }]);
  expect(await within(5)).toEqual([]);
  await expect(within(0)).rejects.toMatchObject({
    data: { kind: "invalidArgument", argument: "minutesActive" },
  });
});

test("ofUser has all of a user's, in pages, and of nobody none", async () => {
  for (let n = 0; n < 5; n += 1) {
    vi.setSystemTime(START + n);
    const call = { anonymousId: `secret-${n}`, userId: "ada" };
    await t.mutation((ctx) => sessions.link(ctx, call));
  }
  const ofUser = (userId: string, cursor: string | null) =>
    t.query((ctx) =>
      sessions.ofUser(ctx, { userId, paginationOpts: { numItems: 3, cursor } }),
    );
  const first = await ofUser("ada", null);
  const second = await ofUser("ada", first.continueCursor);
  const times = [...first.page, ...second.page].map((row) => row.createdAt);
  expect(times).toEqual([4, 3, 2, 1, 0].map((n) => START + n));
  expect([first.isDone, second.isDone]).toEqual([false, true]);
  expect(JSON.stringify([first, second])).not.toMatch(/secret|anonymousId/);
  expect(await ofUser("bob", null)).toMatchObject({ page: [], isDone: true });
});

test("forget erases, and says what the app's hook answered", async () => {
  const forget = (of: ForgetOf) =>
    t.mutation((ctx) => sessions.forget(ctx, of));
  for (const by of ["anonymousId", "sessionId"] as const) {
    const tracked = await t.mutation((ctx) => sessions.track(ctx, visitor));
    const sessionId = tracked.ok ? tracked.sessionId : "";
    const of = by === "sessionId" ? { sessionId } : visitor;
    const forgotten = await forget({ ...of, reason: "account closed" });
    const erased = { erased: true, sessionId, actions: 0, told: null };
    expect(forgotten).toEqual(erased);
    expect(await forget({ sessionId })).toMatchObject({ erased: false });
  }
  expect(await t.query((ctx) => sessions.get(ctx, visitor))).toBeNull();
  const again = await t.mutation((ctx) => sessions.forget(ctx, visitor));
  expect(again).toMatchObject({ erased: false, sessionId: null });
});

test("what the app was given besides is not passed on", async () => {
  const given = { ...visitor, userId: "ada", role: "admin" };
  await t.mutation((ctx) => sessions.link(ctx, given));
  await t.mutation((ctx) => sessions.track(ctx, given));
  await t.mutation((ctx) => sessions.end(ctx, given));
  await t.mutation((ctx) => sessions.unlink(ctx, given));
  expect(await t.query((ctx) => sessions.get(ctx, given))).toMatchObject({
    state: "ended",
  });
});

test("isSessionsError knows the component's errors from the app's own", async () => {
  const errorOf = (call: Promise<unknown>) =>
    call.then(
      () => null,
      (error: unknown) => error,
    );
  const bad = { anonymousId: "no id", userId: "ada" };
  const error = await errorOf(t.mutation((ctx) => sessions.link(ctx, bad)));
  expect(isSessionsError(error) && error.data.kind).toBe("invalidAnonymousId");
  const message = "no";
  for (const other of [
    new Error("invalidArgument"),
    new ConvexError("invalidArgument"),
    new ConvexError({ kind: "mine", message }),
    new ConvexError({ kind: "invalidArgument" }),
    new ConvexError(["invalidArgument"]),
    { data: { kind: "invalidArgument", message } },
    null,
  ]) {
    expect(isSessionsError(other)).toBe(false);
  }
});

// ── Helpers ─────────────────────────────────────────────────────────────────

type Ctx = GenericMutationCtx<GenericDataModel>;

async function visitAt(at: number): Promise<void> {
  vi.setSystemTime(at);
  await t.mutation(exposed.trackSession, visitor);
  vi.setSystemTime(at + MINUTE_MS);
  await t.mutation(exposed.endSession, visitor);
}

function daysOf(range?: { from?: string; to?: string }) {
  return t.query((ctx) => sessions.days(ctx, range));
}

type Of = { sessionId: string } | { anonymousId: string };

function page(of: Of, paginationOpts: PaginationOptions) {
  const args: PageOfSession = { ...of, paginationOpts };
  return t.query((ctx) => sessions.visits(ctx, args));
}
