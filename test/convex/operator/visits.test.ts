/** The visits of a session: in their order, over all the places in which they are kept. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import {
  HOUR_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";
import { startRun } from "../support/runKit.js";
import type { Component } from "../support/rows.js";
import { setUpComponent } from "../support/setup.js";

const START = Date.UTC(2026, 0, 1);

let t: Component;
beforeEach(() => {
  vi.useFakeTimers({ now: START });
  t = setUpComponent();
});
afterEach(() => {
  vi.useRealTimers();
});

test("come newest first: the one under way, the last, and those before", async () => {
  const sessionId = await visitTimes(3);
  const news = { path: "/news", referrer: "news.example.com" };
  await t.mutation(api.visitors.heartbeat.beat, {
    ...visitor,
    visit: news,
  });
  pass(10 * MINUTE_MS);
  await t.mutation(api.visitors.heartbeat.beat, {
    ...visitor,
    visit: { engagedMs: 90_000, path: "/prices", isLeaving: true },
  });
  const { visits, cursor } = await list({ anonymousId: "v" });
  expect(cursor).toBeNull();
  expect(visits).toEqual([
    {
      startedAt: START + 3 * HOUR_MS,
      endedAt: null,
      engagedMs: 90_000,
      actions: 0,
      entry: news,
      exitPath: "/prices",
      why: null,
    },
    ...[2, 1, 0].map((n) => ({
      startedAt: START + n * HOUR_MS,
      endedAt: START + n * HOUR_MS + MINUTE_MS,
      ...{ engagedMs: 0, actions: 1, why: "ended" },
    })),
  ]);
  expect(await list({ sessionId })).toMatchObject({ visits, cursor });
});

test("one past its idle timeout is over before a run has come by, as it is after", async () => {
  await t.mutation(api.visitors.heartbeat.beat, visitor);
  pass(HOUR_MS);
  const before = await list({ anonymousId: "v" });
  expect(before.visits).toMatchObject([
    { startedAt: START, endedAt: START, why: "idle" },
  ]);
  await startRun(t, "expire");
  expect(await list({ anonymousId: "v" })).toEqual(before);
});

test.each([1, 2, 3, 4, 5, 100])(
  "in pages of %i come once each, also those of one moment",
  async (limit) => {
    await visitTimes(3);
    // Two that begin in the moment in which the one before ended.
    await visitTimes(1);
    vi.setSystemTime(START + 3 * HOUR_MS);
    await visitTimes(1);
    vi.setSystemTime(START + 3 * HOUR_MS);
    await t.mutation(api.visitors.heartbeat.beat, visitor);
    const starts: number[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof list>> = await list(
        { anonymousId: "v" },
        limit,
        cursor,
      );
      expect(page.visits.length).toBeLessThanOrEqual(limit);
      starts.push(...page.visits.map(({ startedAt }) => startedAt));
      ({ cursor } = page);
    } while (cursor !== null && starts.length < 20);
    expect(starts).toEqual([3, 3, 3, 2, 1, 0].map((n) => START + n * HOUR_MS));
  },
);

test("a visit that closes between two pages is not left out", async () => {
  await visitTimes(2);
  await t.mutation(api.visitors.heartbeat.beat, visitor);
  const first = await list({ anonymousId: "v" }, 1);
  await t.mutation(api.visitors.end.visit, visitor);
  pass(HOUR_MS);
  await t.mutation(api.visitors.heartbeat.beat, visitor);
  const rest = await list({ anonymousId: "v" }, 100, first.cursor);
  const starts = rest.visits.map(({ startedAt }) => startedAt);
  expect(starts).toEqual(
    expect.arrayContaining([START + HOUR_MS, START]) as number[],
  );
});

test("a page with an end keeps it, whatever begins meanwhile", async () => {
  await visitTimes(4);
  const first = await list({ anonymousId: "v" }, 2);
  await visitTimes(1);
  const again = await t.query(api.operator.visits.list, {
    session: { anonymousId: "v" },
    ...{ limit: 2, cursor: null, endCursor: first.cursor },
  });
  expect(again.visits.slice(1)).toEqual(first.visits);
  expect(again).toMatchObject({ cursor: first.cursor, isCut: false });
  // What a subscriber reads instead, once the page has grown too long.
  const halves = [
    await read(null, again.splitCursor),
    await read(again.splitCursor, again.cursor),
  ];
  expect(halves.map((half) => half.visits.length)).toEqual([1, 2]);
  expect(halves.flatMap((half) => half.visits)).toEqual(again.visits);

  function read(cursor: string | null, endCursor: string | null) {
    return t.query(api.operator.visits.list, {
      session: { anonymousId: "v" },
      ...{ limit: 2, cursor, endCursor },
    });
  }
});

test("there are none without a session, and none of another visitor", async () => {
  const sessionId = await visitTimes(1);
  const ends = { cursor: null, splitCursor: null, isCut: false };
  const nothing = { visits: [], ...ends };
  expect(await list({ anonymousId: "nobody" })).toEqual(nothing);
  // Neither id passes for the other.
  expect(await list({ anonymousId: sessionId })).toEqual(nothing);
  expect(await list({ sessionId: "v" })).toEqual(nothing);
});

test("a page reads at most one document a visit and three more", async () => {
  await visitTimes(10);
  await t.mutation(api.visitors.heartbeat.beat, visitor);
  const readFor = (limit: number) =>
    t.mutation(async (ctx) => {
      await ctx.runQuery(api.operator.visits.list, {
        session: { anonymousId: "v" },
        ...{ limit, cursor: null },
      });
      return (await ctx.meta.getTransactionMetrics()).documentsRead.used;
    });
  // Of the eleven visits, one is in the lease and one in the session.
  expect(await readFor(100)).toBe(11);
  expect(await readFor(5)).toBeLessThanOrEqual(8);
  expect(await readFor(1)).toBeLessThanOrEqual(4);
});

test("a bad limit or cursor is refused", async () => {
  await expect(list({ anonymousId: "v" }, 1_001)).rejects.toMatchObject({
    data: { kind: "invalidArgument", argument: "limit" },
  });
  await expect(list({ anonymousId: "v" }, 1, "x")).rejects.toMatchObject({
    data: { kind: "invalidArgument", argument: "cursor" },
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

const visitor = { anonymousId: "v" };

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** One an hour, of a minute and an action each. */
async function visitTimes(count: number): Promise<string> {
  let sessionId = "";
  for (let n = 0; n < count; n += 1) {
    const action = { ...visitor, action: "click" };
    const acted = await t.mutation(api.visitors.action.record, action);
    if (acted.ok) ({ sessionId } = acted);
    pass(MINUTE_MS);
    await t.mutation(api.visitors.end.visit, visitor);
    pass(HOUR_MS - MINUTE_MS);
  }
  return sessionId;
}

function list(
  session: { sessionId: string } | { anonymousId: string },
  limit = 100,
  cursor: string | null = null,
) {
  return t.query(api.operator.visits.list, { session, limit, cursor });
}
