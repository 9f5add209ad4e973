/** What the app's own code sees of sessions: one, all of a user, and the actions of one. */
import { expect, test, vi } from "vitest";
import {
  api,
  freshComponent,
  HOUR_MS,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";
import { readRows } from "../support/rows.js";
import { seedUsers } from "../support/usersKit.js";
import { act, beat, end, pass, visitor } from "../support/visitKit.js";

freshComponent();

test("a session is seen with the visit under way, by either id, without its anonymousId", async () => {
  const phone = { path: "/pricing", device: "mobile" as const };
  await beat(phone);
  await act();
  pass(MINUTE_MS);
  await beat({ engagedMs: 40_000, path: "/news" });
  pass(MINUTE_MS);
  await end();
  pass(HOUR_MS);
  const laptop = { path: "/", device: "desktop" as const };
  await beat(laptop);
  await act();
  const { sessions } = await readRows(t);
  const sessionId = sessions[0]?._id ?? "";
  const seen = await get({ sessionId });
  const began = NOW + 2 * MINUTE_MS + HOUR_MS;
  expect(seen).toEqual({
    sessionId,
    state: "active",
    createdAt: NOW,
    lastActive: began,
    visits: 2,
    actionCount: 2,
    engagedMs: 40_000,
    firstEntry: phone,
    entry: laptop,
    path: "/",
    lastVisit: {
      startedAt: NOW,
      endedAt: NOW + 2 * MINUTE_MS,
      engagedMs: 40_000,
      actions: 1,
      entry: phone,
      exitPath: "/news",
      why: "ended",
    },
    blockedUntil: null,
  });
  expect(await get(visitor)).toEqual(seen);

  // Past its idle timeout it is expired, before a run has come by.
  pass(HOUR_MS);
  expect(await get(visitor)).toEqual({ ...seen, state: "expired" });
  const block = { forMs: HOUR_MS };
  const blocked = { session: visitor, reason: "lost", block };
  await t.mutation(api.visitors.block.end, blocked);
  expect(await get(visitor)).toMatchObject({
    state: "ended",
    endReason: "lost",
    lastActive: began,
    blockedUntil: Date.now() + HOUR_MS,
  });
  pass(HOUR_MS);
  expect(await get(visitor)).toMatchObject({ blockedUntil: null });
});

test("there is no session of a wrong id, nor of the other kind of id", async () => {
  await beat();
  const { sessions } = await readRows(t);
  expect(await get({ anonymousId: "nobody" })).toBeNull();
  expect(await get({ anonymousId: sessions[0]?._id ?? "" })).toBeNull();
  expect(await get({ sessionId: visitor.anonymousId })).toBeNull();
});

test("all sessions of a user are found, however many, newest first, and nobody else's", async () => {
  await seedUsers(HOUR_MS);
  const created: number[] = [];
  const ids = new Set<string>();
  let cursor: string | null = null;
  do {
    const page: Page = await ofUser("ada", { limit: 500, cursor });
    for (const { sessionId, createdAt, userId } of page.sessions) {
      expect(userId).toBe("ada");
      ids.add(sessionId);
      created.push(createdAt);
    }
    cursor = page.cursor;
  } while (cursor !== null);
  expect(ids.size).toBe(1_200);
  expect(created).toHaveLength(1_200);
  expect(created).toEqual(created.toSorted((a, b) => b - a));
  const none = await ofUser("nobody", { limit: 500, cursor: null });
  expect(none).toMatchObject({ sessions: [], cursor: null });
}, 60_000);

test("a page of a user's sessions reads one document a session, and its lease", async () => {
  await seedUsers(HOUR_MS);
  const cost = (userId: string, limit: number) =>
    t.mutation(async (ctx) => {
      const { sessions } = await ctx.runQuery(api.visitors.appSessions.ofUser, {
        userId,
        limit,
        cursor: null,
      });
      const { documentsRead, databaseQueries } =
        await ctx.meta.getTransactionMetrics();
      const active = sessions.filter(({ state }) => state === "active").length;
      return [
        documentsRead.used - sessions.length - active,
        databaseQueries.used - active,
      ];
    });
  // One more tells whether there is a next page.
  expect(await cost("ada", 100)).toEqual([1, 1]);
  expect(await cost("ada", 1_000)).toEqual([1, 1]);
  expect(await cost("nobody", 1_000)).toEqual([0, 1]);
}, 60_000);

test("actions come newest first, in pages by either id, and the visitor's own", async () => {
  for (let n = 0; n < 5; n += 1) {
    vi.setSystemTime(NOW + n);
    await act();
  }
  await t.mutation(api.visitors.action.record, {
    anonymousId: "other",
    action: "theirs",
  });
  const { sessions } = await readRows(t);
  const of = { sessionId: sessions[0]?._id ?? "" };
  const first = await timeline(of, { limit: 3, cursor: null });
  expect(first.actions.map(({ at }) => at)).toEqual([
    NOW + 4,
    NOW + 3,
    NOW + 2,
  ]);
  const rest = { limit: 3, cursor: first.cursor };
  const second = await timeline(visitor, rest);
  expect(second.actions.map(({ at }) => at)).toEqual([NOW + 1, NOW]);
  expect(second.cursor).toBeNull();
  expect(JSON.stringify([first, second])).not.toMatch(/session|_id|theirs/);

  // Kept by a subscriber, the page ends where it did.
  await act();
  const kept = await timeline(visitor, {
    limit: 3,
    cursor: null,
    endCursor: first.cursor,
  });
  expect(kept.actions).toHaveLength(4);
  expect(kept.cursor).toBe(first.cursor);
});

test("a page of large actions ends early, and one that is kept says that it is cut", async () => {
  await t.mutation(api.settings.settings.change, {
    patch: { maxMetadataBytes: 524_288 },
    actor: "ada",
  });
  for (let n = 0; n < 20; n += 1) {
    vi.setSystemTime(NOW + n);
    await t.mutation(api.visitors.action.record, {
      ...visitor,
      action: "draw",
      metadata: "x".repeat(500_000),
    });
  }
  const read: number[] = [];
  let cursor: string | null = null;
  do {
    const page: Timeline = await timeline(visitor, { limit: 100, cursor });
    read.push(page.actions.length);
    cursor = page.cursor;
  } while (cursor !== null);
  expect(read).toEqual([9, 9, 2]);
  const last = await timeline(visitor, { limit: 1, cursor: null });
  const second = await timeline(visitor, { limit: 10, cursor: last.cursor });
  const kept = { limit: 1, cursor: null, endCursor: second.cursor };
  expect(await timeline(visitor, kept)).toMatchObject({
    isCut: true,
    cursor: second.cursor,
    splitCursor: expect.any(String) as string,
  });
});

test.each([
  [{ limit: 0, cursor: null }, "limit"],
  [{ limit: 1_001, cursor: null }, "limit"],
  [{ limit: 1, cursor: "soon" }, "cursor"],
  [{ limit: 1, cursor: null, endCursor: "soon" }, "cursor"],
])("%j is refused by its %s", async (asked, argument) => {
  const refused = { data: { kind: "invalidArgument", argument } };
  await expect(ofUser("ada", asked)).rejects.toMatchObject(refused);
  await expect(timeline(visitor, asked)).rejects.toMatchObject(refused);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

type Of = { sessionId: string } | { anonymousId: string };
interface Asked {
  limit: number;
  cursor: string | null;
  endCursor?: string | null;
}
type Page = (typeof api.visitors.appSessions.ofUser)["_returnType"];
type Timeline = (typeof api.visitors.timeline.list)["_returnType"];

function get(session: Of) {
  return t.query(api.visitors.appSessions.get, { session });
}

function ofUser(userId: string, asked: Asked): Promise<Page> {
  return t.query(api.visitors.appSessions.ofUser, { userId, ...asked });
}

function timeline(session: Of, asked: Asked): Promise<Timeline> {
  return t.query(api.visitors.timeline.list, { session, ...asked });
}
