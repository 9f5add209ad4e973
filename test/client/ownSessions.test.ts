/** What users who are signed in see and end of their own devices, and what they cannot of anybody else's. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
} from "../../convex/sessionTracker/shared/times.js";
import { fakeClock } from "../convex/support/fresh.js";
import { sessionTracker } from "../convex/support/hooksApp/component.js";
import { sessions, setUpApp, type App } from "./app.js";

const START = Date.UTC(2026, 1, 28, 12);

fakeClock(START);

let signedIn: string | null;
let t: App;
beforeEach(() => {
  signedIn = null;
  t = setUpApp({ identify: () => signedIn });
});

describe("getOwnSessions", () => {
  test("has the caller's devices, newest first, and nobody else's", async () => {
    const phone = await deviceOf("ada", "secret-phone", "mobile");
    vi.setSystemTime(START + MINUTE_MS);
    await deviceOf("bob", "secret-bob", "desktop");
    const laptop = await deviceOf("ada", "secret-laptop", "desktop");
    const nobody = { anonymousId: "secret-nobody" };
    await t.mutation(sessions.trackSession, nobody);
    vi.setSystemTime(START + HOUR_MS);
    signedIn = "ada";
    const block = { forMs: DAY_MS };
    await t.mutation(sessions.endOwnSession, { sessionId: phone, block });
    const times = { createdAt: START, lastActive: START };
    expect(await ownSessions()).toEqual({
      page: [
        {
          sessionId: laptop,
          state: "expired",
          createdAt: START + MINUTE_MS,
          lastActive: START + MINUTE_MS,
          visits: 1,
          entry: { path: "/", device: "desktop" },
          path: "/",
          blockedUntil: null,
        },
        {
          ...{ sessionId: phone, state: "ended", ...times, visits: 1 },
          entry: { path: "/", device: "mobile" },
          path: "/",
          blockedUntil: START + HOUR_MS + DAY_MS,
        },
      ],
      isDone: true,
      continueCursor: expect.any(String) as string,
      splitCursor: expect.any(String) as string,
    });
    expect(JSON.stringify(await ownSessions())).not.toMatch(
      /secret|anonymousId|userId|ended by/,
    );
  });

  test("is empty for whoever is not signed in, or not known", async () => {
    await deviceOf("ada", "secret-phone", "mobile");
    signedIn = null;
    const nothing = { page: [], isDone: true };
    expect(await ownSessions()).toMatchObject(nothing);
    t = setUpApp();
    expect(await ownSessions()).toMatchObject(nothing);
  });

  test("comes in pages, each session once, and one that has grown is split", async () => {
    const made: string[] = [];
    for (let n = 0; n < 7; n += 1) {
      vi.setSystemTime(START + n);
      made.unshift(await deviceOf("ada", `secret-${n}`, "desktop"));
    }
    const first = await ownSessions(3);
    const second = await ownSessions(3, first.continueCursor);
    const third = await ownSessions(3, second.continueCursor);
    const ids = [first, second, third].flatMap(({ page }) =>
      page.map(({ sessionId }) => sessionId),
    );
    expect(ids).toEqual(made);
    expect([first, second, third].map(({ isDone }) => isDone)).toEqual([
      false,
      false,
      true,
    ]);
    const after = await ownSessions(3, third.continueCursor);
    expect(after).toMatchObject({ page: [], isDone: true });

    // As `usePaginatedQuery` keeps a page, and splits it.
    vi.setSystemTime(START + MINUTE_MS);
    made.unshift(await deviceOf("ada", "secret-new", "desktop"));
    const kept = await ownSessions(3, null, first.continueCursor);
    expect(kept).toMatchObject({
      page: { length: 4 },
      continueCursor: first.continueCursor,
      isDone: false,
    });
    const halves = [
      await ownSessions(3, null, kept.splitCursor),
      await ownSessions(3, kept.splitCursor, kept.continueCursor),
    ];
    expect(halves.flatMap(({ page }) => page)).toEqual(kept.page);
    expect(halves.map(({ page }) => page.length)).toEqual([2, 2]);
  });
});

describe("endOwnSession", () => {
  test("ends a device of the caller's, which may come back at once", async () => {
    const sessionId = await deviceOf("ada", "secret-phone", "mobile");
    expect(await endOwn(sessionId)).toEqual({
      ended: true,
      blockedUntil: null,
    });
    const back = { anonymousId: "secret-phone" };
    expect(await t.mutation(sessions.trackSession, back)).toMatchObject({
      state: "revived",
    });
  });

  test("keeps a device away for as long as asked", async () => {
    const sessionId = await deviceOf("ada", "secret-phone", "mobile");
    const blockedUntil = START + DAY_MS;
    const block = { forMs: DAY_MS };
    const expected = { ended: true, blockedUntil };
    expect(await endOwn(sessionId, block)).toEqual(expected);
    const back = { anonymousId: "secret-phone" };
    expect(await t.mutation(sessions.trackSession, back)).toEqual({
      ok: false,
      reason: "revoked",
      retryAfterMs: DAY_MS,
    });
  });

  test.each([
    ["forever", { forMs: DAY_MS }, "forever"],
    ["forever", undefined, "forever"],
    [{ forMs: DAY_MS }, { forMs: HOUR_MS }, START + DAY_MS],
    [{ forMs: DAY_MS }, undefined, START + DAY_MS],
    [{ forMs: DAY_MS }, { forMs: 2 * DAY_MS }, START + 2 * DAY_MS],
    [{ forMs: DAY_MS }, "forever", "forever"],
  ] as const)(
    "of a device that an operator has blocked, %j, asked for %j, leaves it blocked until %s",
    async (before, block, blockedUntil) => {
      const sessionId = await deviceOf("ada", "secret-phone", "mobile");
      const call = { session: { sessionId }, reason: "abuse", block: before };
      await t.mutation((ctx) =>
        ctx.runMutation(sessionTracker.visitors.block.end, call),
      );
      expect(await endOwn(sessionId, block)).toEqual({
        ended: false,
        blockedUntil,
      });
    },
  );

  test.each([
    ["another user's", () => deviceOf("bob", "secret-bob", "desktop")],
    ["nobody's", () => tracked("secret-nobody")],
    ["none", () => Promise.resolve("nothing")],
    ["the caller's anonymousId", () => Promise.resolve("secret-phone")],
  ])("refuses %s alike, and ends nothing", async (_, other) => {
    await deviceOf("ada", "secret-phone", "mobile");
    const sessionId = await other();
    signedIn = "ada";
    const before = await active();
    await expect(endOwn(sessionId, "forever")).rejects.toMatchObject({
      data: {
        kind: "sessionNotFound",
        message: expect.stringContaining("of yours") as string,
      },
    });
    expect(await active()).toBe(before);
  });

  test("refuses whoever is not signed in, and a block that is none", async () => {
    const sessionId = await deviceOf("ada", "secret-phone", "mobile");
    await expect(endOwn(sessionId, { forMs: -1 })).rejects.toMatchObject({
      data: { kind: "invalidArgument", argument: "block.forMs" },
    });
    signedIn = null;
    const refused = { kind: "notAuthorized", operation: "endOwnSession" };
    await expect(endOwn(sessionId)).rejects.toMatchObject({ data: refused });
    t = setUpApp();
    await expect(endOwn(sessionId)).rejects.toMatchObject({
      data: {
        ...refused,
        message: expect.stringContaining("identify: async") as string,
      },
    });
  });
});

describe("endOtherSessions", () => {
  const phone = "secret-phone";

  test("ends all of the caller's devices but this one, and nobody else's", async () => {
    const laptop = await deviceOf("ada", "secret-laptop", "desktop");
    const tablet = await deviceOf("ada", "secret-tablet", "mobile");
    await deviceOf("bob", "secret-bob", "desktop");
    const own = await deviceOf("ada", phone, "mobile");
    const call = { session: { sessionId: tablet }, block: "forever" as const };
    await t.mutation((ctx) =>
      ctx.runMutation(sessionTracker.visitors.block.end, call),
    );
    const block = { forMs: DAY_MS };
    const others = { anonymousId: phone, block };
    expect(await t.mutation(sessions.endOtherSessions, others)).toEqual({
      done: true,
      sessions: 1,
    });
    const blocks = (await ownSessions()).page.map((row) => [
      row.sessionId,
      row.blockedUntil,
    ]);
    expect(Object.fromEntries(blocks)).toEqual({
      [own]: null,
      [tablet]: "forever",
      [laptop]: START + DAY_MS,
    });
    for (const anonymousId of [phone, "secret-bob"]) {
      const beat = await t.mutation(sessions.trackSession, { anonymousId });
      expect(beat).toMatchObject({ ok: true, state: "unchanged" });
    }
  });

  test("lets devices come back at once where it blocks none", async () => {
    await deviceOf("ada", "secret-laptop", "desktop");
    await deviceOf("ada", phone, "mobile");
    const others = { anonymousId: phone };
    expect(await t.mutation(sessions.endOtherSessions, others)).toEqual({
      done: true,
      sessions: 1,
    });
    const laptop = { anonymousId: "secret-laptop" };
    expect(await t.mutation(sessions.trackSession, laptop)).toMatchObject({
      state: "revived",
    });
  });

  test("goes on by a run where there are many", async () => {
    for (let n = 0; n < 101; n += 1) {
      await deviceOf("ada", `secret-${n}`, "desktop");
    }
    await deviceOf("ada", phone, "mobile");
    const others = { anonymousId: phone };
    expect(await t.mutation(sessions.endOtherSessions, others)).toEqual({
      done: false,
    });
    await t.finishAllScheduledFunctions(() => vi.runAllTimers());
    expect(await active()).toBe(1);
  });

  test("refuses whoever is not signed in", async () => {
    await deviceOf("ada", phone, "mobile");
    signedIn = null;
    const others = { anonymousId: phone };
    await expect(
      t.mutation(sessions.endOtherSessions, others),
    ).rejects.toMatchObject({ data: { kind: "notAuthorized" } });
    expect(await active()).toBe(1);
  });
});

test("a device is the caller's no longer once another user has signed in on it, or it was unlinked", async () => {
  const sessionId = await deviceOf("ada", "secret-shared", "desktop");
  await deviceOf("bob", "secret-shared", "desktop");
  signedIn = "ada";
  expect((await ownSessions()).page).toEqual([]);
  await expect(endOwn(sessionId)).rejects.toThrow();
  signedIn = "bob";
  expect((await ownSessions()).page).toMatchObject([{ sessionId }]);
  const visitor = { anonymousId: "secret-shared" };
  // At a sign-out nobody may be signed in any more.
  signedIn = null;
  expect(await t.mutation(sessions.unlinkSession, visitor)).toEqual({
    unlinked: true,
    sessionId,
  });
  expect(await t.mutation(sessions.unlinkSession, visitor)).toEqual({
    unlinked: false,
    sessionId,
  });
  signedIn = "bob";
  expect((await ownSessions()).page).toEqual([]);
});

test("a visitor hears whether they are the caller's, and nothing of another user", async () => {
  const visitor = { anonymousId: "secret-link" };
  const ownLink = () => t.query(sessions.getOwnLink, visitor);
  signedIn = "ada";
  expect(await ownLink()).toEqual({ userId: "ada", isLinked: null });
  await t.mutation(sessions.trackSession, visitor);
  expect(await ownLink()).toEqual({ userId: "ada", isLinked: false });
  await t.mutation(sessions.linkSession, visitor);
  expect(await ownLink()).toEqual({ userId: "ada", isLinked: true });
  signedIn = "bob";
  expect(await ownLink()).toEqual({ userId: "bob", isLinked: false });
  signedIn = null;
  expect(await ownLink()).toEqual({ userId: null, isLinked: true });
  await t.mutation(sessions.unlinkSession, visitor);
  expect(await ownLink()).toEqual({ userId: null, isLinked: false });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** A device on which the user is signed in; returns its sessionId. */
async function deviceOf(
  userId: string,
  anonymousId: string,
  device: "mobile" | "desktop",
): Promise<string> {
  const sessionId = await tracked(anonymousId, device);
  signedIn = userId;
  await t.mutation(sessions.linkSession, { anonymousId });
  return sessionId;
}

async function tracked(
  anonymousId: string,
  device: "mobile" | "desktop" = "desktop",
): Promise<string> {
  const visit = { path: "/", device };
  const result = await t.mutation(sessions.trackSession, {
    anonymousId,
    visit,
  });
  if (!result.ok) throw new Error(result.reason);
  return result.sessionId;
}

function ownSessions(
  numItems = 20,
  cursor: string | null = null,
  endCursor: string | null = null,
) {
  const paginationOpts = { numItems, cursor, endCursor };
  return t.query(sessions.getOwnSessions, { paginationOpts });
}

async function active(): Promise<number> {
  const status = await t.query((ctx) =>
    ctx.runQuery(sessionTracker.operator.status.get, {}),
  );
  return status.sessions.active;
}

type Block = { forMs: number } | "forever";

function endOwn(sessionId: string, block?: Block) {
  const given = block === undefined ? {} : { block };
  return t.mutation(sessions.endOwnSession, { sessionId, ...given });
}
