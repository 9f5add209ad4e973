/** All sessions of a user at once, as the app's own code asks for it. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SessionTracker, type EndOfUser } from "../../client/index.js";
import { sessionTracker } from "../convex/support/hooksApp/component.js";
import { sessions as exposed, setUpApp, type App } from "./app.js";

const START = Date.UTC(2026, 1, 28, 12);
const sessions = new SessionTracker(sessionTracker);

let t: App;
beforeEach(() => {
  vi.useFakeTimers({ now: START });
  t = setUpApp();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a user with few sessions is signed out everywhere at once, but for one session", async () => {
  const ids = await arrive("ada", 3);
  await arrive("bob", 1);
  const exceptSessionId = ids[0]!;
  expect(await end({ userId: "ada", exceptSessionId })).toEqual({
    done: true,
    sessions: 2,
  });
  expect(await states("ada")).toEqual(["active", "ended", "ended"]);
  expect(await states("bob")).toEqual(["active"]);
  // Nothing is left to end.
  expect(await end({ userId: "ada", exceptSessionId })).toEqual({
    done: true,
    sessions: 0,
  });
  const block = { forMs: 60_000 };
  expect(await end({ userId: "ada", exceptSessionId, block })).toEqual({
    done: true,
    sessions: 2,
  });
  expect(await beat("ada-1")).toMatchObject({ ok: false, reason: "revoked" });
  expect(await beat("ada-0")).toMatchObject({ ok: true });
});

test("a user is forgotten with all sessions, and comes again as a new visitor", async () => {
  await arrive("ada", 3);
  await arrive("bob", 1);
  const forget = (userId: string) =>
    t.mutation((ctx) =>
      sessions.forgetUser(ctx, { userId, reason: "account deleted" }),
    );
  expect(await forget("ada")).toEqual({ done: true, sessions: 3 });
  expect(await forget("ada")).toEqual({ done: true, sessions: 0 });
  expect(await states("ada")).toEqual([]);
  expect(await states("bob")).toEqual(["active"]);
  expect(await beat("ada-0")).toMatchObject({ ok: true, state: "created" });
});

test("a user with more than a hundred sessions is left to a run, of which there is one at a time", async () => {
  await arrive("ada", 101);
  await arrive("bob", 101);
  const first = await end({ userId: "ada" });
  expect(first).toEqual({ done: false, runId: expect.any(String) as string });
  await expect(end({ userId: "bob" })).rejects.toMatchObject({
    data: { kind: "alreadyRunning", runId: first.done ? "" : first.runId },
  });
  expect(new Set(await states("bob"))).toEqual(new Set(["active"]));
  await t.finishAllScheduledFunctions(vi.runAllTimers, 1_000);
  expect(new Set(await states("ada"))).toEqual(new Set(["ended"]));
}, 60_000);

test.each([
  [{ userId: " " }, "userId"],
  [{ userId: "ada", reason: "" }, "reason"],
  [{ userId: "ada", block: { forMs: 0 } }, "block.forMs"],
])("%j is refused with its argument", async (of, argument) => {
  await expect(end(of)).rejects.toMatchObject({
    data: { kind: "invalidArgument", argument },
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function beat(anonymousId: string) {
  return t.mutation(exposed.trackSession, { anonymousId });
}

/** @returns the sessionIds, in the order of arrival */
async function arrive(userId: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const anonymousId = `${userId}-${i}`;
    vi.setSystemTime(Date.now() + 1);
    const linked = await t.mutation((ctx) =>
      sessions.link(ctx, { anonymousId, userId }),
    );
    ids.push(linked.sessionId);
  }
  return ids;
}

function end(of: EndOfUser) {
  return t.mutation((ctx) => sessions.endAllOfUser(ctx, of));
}

async function states(userId: string): Promise<string[]> {
  const paginationOpts = { numItems: 200, cursor: null };
  const { page } = await t.query((ctx) =>
    sessions.ofUser(ctx, { userId, paginationOpts }),
  );
  return page.map(({ state }) => state).toSorted();
}
