/** The public functions of an app, called as its visitors and operators call them. */
import { describe, expect, test, vi } from "vitest";
import type { Operation } from "../../client/index.js";
import { advance, step } from "../convex/support/clock.js";
import { DAY_MS, fakeClock, MINUTE_MS } from "../convex/support/fresh.js";
import { sessionTracker } from "../convex/support/hooksApp/component.js";
import { permitAll, sessions, setUpApp, type App } from "./app.js";

const START = Date.UTC(2026, 0, 1);
const anonymousId = "user123";
const visitor = { anonymousId };

fakeClock(START);

describe("trackSession", () => {
  test("creates, leaves, touches and revives one session", async () => {
    const t = setUpApp();
    const first = await t.mutation(sessions.trackSession, visitor);
    expect(first).toEqual({
      ok: true,
      sessionId: expect.any(String) as string,
      state: "created",
      visitStartedAt: START,
    });
    for (const [waitMs, state] of [
      [30_000, "unchanged"],
      [30_000, "touched"],
      [31 * MINUTE_MS, "revived"],
    ] as const) {
      pass(waitMs);
      const next = await t.mutation(sessions.trackSession, visitor);
      const visitStartedAt = state === "revived" ? Date.now() : START;
      expect(next).toEqual({ ...first, state, visitStartedAt });
    }
  });

  test("refuses an invalid anonymousId by its return", async () => {
    const call = { anonymousId: "two words" };
    expect(await setUpApp().mutation(sessions.trackSession, call)).toEqual({
      ok: false,
      reason: "invalidAnonymousId",
    });
  });
});

describe("trackUserAction", () => {
  test("creates the session, and records every argument", async () => {
    const t = setUpApp();
    const what = { action: "buy", resourceId: "sku", metadata: { price: 3 } };
    const done = await t.mutation(sessions.trackUserAction, {
      ...visitor,
      ...what,
    });
    const session = await sessionOf(t);
    expect(done).toEqual({ ok: true, sessionId: session?.sessionId });
    expect(session?.lease).toMatchObject({ actionCount: 1 });
    const { actions } = await t.query((ctx) =>
      ctx.runQuery(sessionTracker.operator.show.timeline, {
        sessionId: session?.sessionId ?? "",
      }),
    );
    expect(actions).toEqual([{ at: START, ...what }]);
  });

  test("revives an ended session", async () => {
    const t = setUpApp();
    await t.mutation(sessions.trackSession, visitor);
    await t.mutation(sessions.endSession, visitor);
    const action = { ...visitor, action: "click" };
    await t.mutation(sessions.trackUserAction, action);
    expect(await sessionOf(t)).toMatchObject({ state: "active", visits: 2 });
  });

  test("refuses an action over a cap by its return", async () => {
    const t = setUpApp();
    const metadata = "m".repeat(10_000);
    const action = { ...visitor, action: "click", metadata };
    const refused = await t.mutation(sessions.trackUserAction, action);
    expect(refused).toEqual({ ok: false, reason: "metadataTooLarge" });
    expect(await sessionOf(t)).toBeNull();
  });
});

describe("endSession", () => {
  test("ends the visit once, and returns whether it did", async () => {
    const t = setUpApp();
    const nobody = await t.mutation(sessions.endSession, visitor);
    expect(nobody).toEqual({ ended: false, sessionId: null });
    const { sessionId } = await track(t);
    const ended = await t.mutation(sessions.endSession, visitor);
    expect(ended).toEqual({ ended: true, sessionId });
    const again = await t.mutation(sessions.endSession, visitor);
    expect(again).toEqual({ ended: false, sessionId });
  });
});

describe("forgetSession", () => {
  test("erases the visitor once, and returns what it erased", async () => {
    const t = setUpApp();
    const action = { ...visitor, action: "click" };
    await t.mutation(sessions.trackUserAction, action);
    const { sessionId } = await track(t);
    const erased = await t.mutation(sessions.forgetSession, visitor);
    expect(erased).toEqual({ erased: true, sessionId, actions: 1 });
    expect(await sessionOf(t)).toBeNull();
    const again = await t.mutation(sessions.forgetSession, visitor);
    expect(again).toEqual({ erased: false, sessionId: null, actions: 0 });
  });
});

describe("linkSession", () => {
  test("takes the user's id from identify only", async () => {
    const t = setUpApp({
      identify: async (ctx) =>
        (await ctx.auth.getUserIdentity())?.subject ?? null,
    });
    const { sessionId } = await track(t);
    const ada = t.withIdentity({ subject: "ada" });
    const linked = await ada.mutation(sessions.linkSession, visitor);
    expect(linked).toEqual({ sessionId, userId: "ada" });
    expect(await sessionOf(t)).toMatchObject({ userId: "ada" });

    const forged = { ...visitor, userId: "grace" };
    await expect(ada.mutation(sessions.linkSession, forged)).rejects.toThrow(
      /userId/,
    );
    expect(await sessionOf(t)).toMatchObject({ userId: "ada" });
  });

  test.each([
    ["identify knows nobody", { identify: () => null }],
    ["there is no identify", {}],
  ])("where %s, nothing is linked or created", async (_, options) => {
    const t = setUpApp(options);
    const linked = await t.mutation(sessions.linkSession, visitor);
    expect(linked).toEqual({ sessionId: null, userId: null });
    expect(await sessionOf(t)).toBeNull();
  });
});

describe("getOwnVisit", () => {
  test("returns the visit of whoever knows the anonymousId, and of nobody else", async () => {
    const t = setUpApp();
    expect(await t.query(sessions.getOwnVisit, visitor)).toBeNull();
    const visit = { path: "/pricing", referrer: "news.example.com" };
    const { sessionId } = await track(t);
    await t.mutation(sessions.endSession, visitor);
    pass(5 * MINUTE_MS);
    await t.mutation(sessions.trackSession, { ...visitor, visit });
    pass(MINUTE_MS);
    const action = { ...visitor, action: "click" };
    await t.mutation(sessions.trackUserAction, action);
    expect(await t.query(sessions.getOwnVisit, visitor)).toEqual({
      startedAt: START + 5 * MINUTE_MS,
      lastActive: START + 6 * MINUTE_MS,
      engagedMs: 0,
      actions: 1,
      entry: visit,
      path: "/pricing",
      why: null,
      visits: 2,
    });
    const other = { anonymousId: sessionId };
    expect(await t.query(sessions.getOwnVisit, other)).toBeNull();
  });
});

describe("operations on others' sessions need authorize", () => {
  const operations: [Operation, (t: App) => Promise<unknown>][] = [
    ["getActiveSessions", (t) => t.query(sessions.getActiveSessions, {})],
    ["cleanupOldSessions", (t) => t.mutation(sessions.cleanupOldSessions, {})],
  ];

  describe.each(operations)("%s", (operation, call) => {
    test("is refused without authorize, with the code to add in the error", async () => {
      await expect(call(setUpApp())).rejects.toMatchObject({
        data: {
          kind: "notAuthorized",
          operation,
          message: expect.stringMatching(
            new RegExp(
              `${operation} .*Pass \\{ authorize: async \\(ctx, operation\\) => … \\} to exposeSessions`,
            ),
          ) as string,
        },
      });
    });

    test.each([
      ["false", false],
      ["undefined", undefined],
      ["null", null],
      ["a string", "yes"],
      ["one", 1],
      ["an object", {}],
      ["a user", { role: "admin" }],
      ["a promise of a string", Promise.resolve("yes")],
      ["a function", () => true],
    ])("is refused when authorize returns %s", async (_, permission) => {
      const t = setUpApp({ authorize: () => permission as never });
      await expect(call(t)).rejects.toMatchObject({
        data: { kind: "notAuthorized", operation },
      });
    });

    test.each([
      ["true", true],
      ["a promise of true", Promise.resolve(true)],
    ])("is permitted when authorize returns %s", async (_, permission) => {
      await call(setUpApp({ authorize: () => permission }));
    });

    test("calls authorize with the operation and the caller's context", async () => {
      const asked: unknown[] = [];
      const t = setUpApp({
        authorize: async (ctx, about) => {
          asked.push(about, (await ctx.auth.getUserIdentity())?.subject);
          return true;
        },
      });
      await call(t.withIdentity({ subject: "ada" }) as App);
      expect(asked).toEqual([operation, "ada"]);
    });

    test("is refused when authorize throws", async () => {
      const t = setUpApp({
        authorize: () => {
          throw new Error("no such role table");
        },
      });
      await expect(call(t)).rejects.toThrow("no such role table");
    });
  });

  test("a refused caller's arguments are not validated", async () => {
    const call = setUpApp().mutation(sessions.cleanupOldSessions, {
      daysInactive: 0,
    });
    await expect(call).rejects.toMatchObject({
      data: { kind: "notAuthorized" },
    });
  });
});

describe("getActiveSessions", () => {
  test("returns sessions of the last 15 minutes, newest first, without anonymousId", async () => {
    const t = setUpApp(permitAll);
    await track(t, "early");
    pass(1);
    const { sessionId: second } = await track(t, "second");
    pass(MINUTE_MS);
    const { sessionId: third } = await track(t, "third");
    pass(14 * MINUTE_MS - 1);
    const found = await t.query(sessions.getActiveSessions, {});
    const common = { visits: 1, actionCount: 0 };
    const thirdAt = START + 1 + MINUTE_MS;
    expect(found).toEqual([
      {
        sessionId: third,
        createdAt: thirdAt,
        lastActive: thirdAt,
        inactiveForMs: 14 * MINUTE_MS - 1,
        ...common,
      },
      {
        sessionId: second,
        createdAt: START + 1,
        lastActive: START + 1,
        inactiveForMs: 15 * MINUTE_MS - 1,
        ...common,
      },
    ]);
    const wider = { minutesActive: 16, limit: 2 };
    expect(await t.query(sessions.getActiveSessions, wider)).toEqual(found);
  });

  test("returns 100 sessions by default, and up to 1,000 on request", async () => {
    const t = setUpApp(permitAll);
    await importVisitors(t, 101, START);
    const count = async (limit: { limit?: number }) =>
      (await t.query(sessions.getActiveSessions, limit)).length;
    expect(await count({})).toBe(100);
    expect(await count({ limit: 1_000 })).toBe(101);
    await expect(count({ limit: 1_001 })).rejects.toMatchObject({
      data: { kind: "invalidArgument", argument: "limit" },
    });
  });
});

describe("cleanupOldSessions", () => {
  test("purges sessions inactive for 30 days", async () => {
    const t = setUpApp(permitAll);
    await importVisitors(t, 1, START - 30 * DAY_MS, "at the cutoff");
    await importVisitors(t, 1, START - 30 * DAY_MS - 1, "older");
    const started = await t.mutation(sessions.cleanupOldSessions, {});
    expect(started).toEqual({
      runId: expect.any(String) as string,
      cutoff: START - 30 * DAY_MS,
      status: "started",
    });
    await step(t);
    expect(await sessionOf(t, "at-the-cutoff-0")).not.toBeNull();
    expect(await sessionOf(t, "older-0")).toBeNull();
  });

  test("returns the purge that is already running, with its cutoff", async () => {
    const t = setUpApp(permitAll);
    await t.mutation((ctx) =>
      ctx.runMutation(sessionTracker.settings.settings.change, {
        patch: { pageSize: 1 },
        actor: "ada",
      }),
    );
    await importVisitors(t, 3, START - 40 * DAY_MS);
    const clean = (daysInactive: number) =>
      t.mutation(sessions.cleanupOldSessions, { daysInactive });
    const started = await clean(30);
    expect(await clean(7)).toEqual({ ...started, status: "alreadyRunning" });
    await advance(t, 10_000);
    expect(await sessionOf(t, "visitor-2")).toBeNull();
    expect(await clean(7)).toMatchObject({
      cutoff: START + 10_000 - 7 * DAY_MS,
      status: "started",
    });
  });

  test.each([[0], [-0], [-1], [-0.5], [NaN], [-Infinity]])(
    "refuses %d days, and purges nothing",
    async (daysInactive) => {
      const t = setUpApp(permitAll);
      await importVisitors(t, 1, START - 40 * DAY_MS);
      await expect(
        t.mutation(sessions.cleanupOldSessions, { daysInactive }),
      ).rejects.toMatchObject({
        data: {
          kind: "invalidArgument",
          argument: "daysInactive",
          message: expect.stringContaining("more than 0") as string,
        },
      });
      expect(await sessionOf(t, "visitor-0")).not.toBeNull();
    },
  );

  test.each([0.001, 29 / (24 * 60)])(
    "refuses %d days, less than the idle timeout, and purges no active visitor",
    async (daysInactive) => {
      const t = setUpApp(permitAll);
      await track(t);
      pass(29.5 * MINUTE_MS);
      await expect(
        t.mutation(sessions.cleanupOldSessions, { daysInactive }),
      ).rejects.toMatchObject({
        data: { kind: "invalidCutoff", latest: START - MINUTE_MS / 2 },
      });
      expect(await sessionOf(t)).not.toBeNull();
    },
  );

  test("finds nothing to purge for more days than since 1970", async () => {
    const t = setUpApp(permitAll);
    await importVisitors(t, 1, 0);
    const daysInactive = 1e9;
    expect(
      await t.mutation(sessions.cleanupOldSessions, { daysInactive }),
    ).toMatchObject({ cutoff: 0, status: "started" });
    expect(await sessionOf(t, "visitor-0")).not.toBeNull();
  });
});

test("no public function returns an anonymousId", async () => {
  const t = setUpApp({ ...permitAll, identify: () => "ada" });
  const secrets = ["secret-of-one", "secret-of-another"];
  const told: unknown[] = [];
  for (const secret of secrets) {
    const call = { anonymousId: secret };
    told.push(
      await t.mutation(sessions.trackSession, call),
      await t.mutation(sessions.trackUserAction, { ...call, action: "click" }),
      await t.mutation(sessions.linkSession, call),
      await t.query(sessions.getOwnSessions, {
        paginationOpts: { numItems: 10, cursor: null },
      }),
      await t.query(sessions.getOwnVisit, call),
      await t.query(sessions.getActiveSessions, {}),
    );
  }
  for (const secret of secrets) {
    const call = { anonymousId: secret };
    const [own] = (
      await t.query(sessions.getOwnSessions, {
        paginationOpts: { numItems: 1, cursor: null },
      })
    ).page;
    told.push(
      await t.mutation(sessions.endOwnSession, {
        sessionId: own?.sessionId ?? "",
      }),
      await t.mutation(sessions.endOtherSessions, call),
      await t.mutation(sessions.unlinkSession, call),
      await t.mutation(sessions.endSession, call),
      await t.query(sessions.getActiveSessions, { minutesActive: 600 }),
      await t.mutation(sessions.cleanupOldSessions, {}),
      await t.mutation(sessions.forgetSession, call),
    );
  }
  expect(told).toHaveLength(26);
  expect(JSON.stringify(told)).not.toMatch(/secret|anonymousId/);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

async function track(t: App, id = anonymousId) {
  const call = { anonymousId: id };
  const result = await t.mutation(sessions.trackSession, call);
  if (!result.ok) throw new Error(result.reason);
  return result;
}

/** The session that the component has of a visitor. */
function sessionOf(t: App, id = anonymousId) {
  return t.query((ctx) =>
    ctx.runQuery(sessionTracker.operator.show.get, { id }),
  );
}

async function importVisitors(
  t: App,
  count: number,
  lastActive: number,
  name = "visitor",
): Promise<void> {
  const rows = Array.from({ length: count }, (_, n) => ({
    anonymousId: `${name.replaceAll(" ", "-")}-${n}`,
    createdAt: lastActive,
    lastActive,
  }));
  await t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.operator.import.batch, { rows }),
  );
}
