/** What operators and the app read: lists, single sessions, timelines, windows of activity. */
import { describe, expect, test, vi } from "vitest";
import { api, DAY_MS, fakeClock, MINUTE_MS } from "../support/fresh.js";
import { readRows, type Component } from "../support/rows.js";
import { startRun } from "../support/runKit.js";
import { setUpComponent } from "../support/setup.js";
import type {
  Action,
  SessionState,
} from "../../../convex/sessionTracker/shared/sessions.js";

const START = Date.UTC(2026, 0, 1);

fakeClock(START);

describe("list", () => {
  test("returns the newest created first, each with the values of its rows", async () => {
    const t = setUpComponent();
    await act(t, "old");
    pass(MINUTE_MS);
    await act(t, "new");
    await t.mutation(api.visitors.link.user, {
      anonymousId: "new",
      userId: "ada",
    });
    await t.mutation(api.visitors.end.visit, {
      anonymousId: "old",
      reason: "bye",
    });

    const { sessions, cursor } = await list(t);
    expect(cursor).toBeNull();
    expect(sessions).toEqual([
      {
        sessionId: expect.any(String) as string,
        anonymousId: "new",
        state: "active",
        createdAt: START + MINUTE_MS,
        inactiveSince: null,
        visits: 1,
        // The actions of the current visit are counted in the lease.
        actionCount: 0,
        engagedMs: 0,
        userId: "ada",
        lease: {
          lastActive: START + MINUTE_MS,
          actionCount: 1,
          engagedMs: 0,
          idle: false,
        },
      },
      {
        sessionId: expect.any(String) as string,
        anonymousId: "old",
        state: "ended",
        createdAt: START,
        inactiveSince: START + MINUTE_MS,
        visits: 1,
        actionCount: 1,
        engagedMs: 0,
        lastVisit: {
          startedAt: START,
          endedAt: START + MINUTE_MS,
          engagedMs: 0,
          actions: 1,
          why: "ended",
        },
        endReason: "bye",
        lease: null,
      },
    ]);
  });

  test("by state gives that state only", async () => {
    const t = setUpComponent();
    await oneOfEachState(t);
    for (const state of ["active", "expired", "ended"] as const) {
      const { sessions } = await list(t, { state });
      expect(sessions.map((row) => row.anonymousId)).toEqual([state]);
    }
  });

  test.each([[1], [4], [7], [8], [9], [100]])(
    "in pages of %i returns each session once",
    async (limit) => {
      const t = setUpComponent();
      const ids = await visit(t, 8);
      expect(await listAll(t, { limit })).toEqual(ids.toReversed());
      const active = { state: "active", limit } as const;
      expect(await listAll(t, active)).toEqual(ids.toReversed());
    },
  );

  test.each([[1], [2], [3], [8]])(
    "in pages of %i returns each session created in one moment once",
    async (limit) => {
      const t = setUpComponent();
      const ids = await createInOneMoment(t, 8);
      expect((await listAll(t, { limit })).toSorted()).toEqual(ids);
      const active = { state: "active", limit } as const;
      expect((await listAll(t, active)).toSorted()).toEqual(ids);
    },
  );

  test("pages hold together while sessions come and go", async () => {
    const t = setUpComponent();
    await visit(t, 6);
    const first = await list(t, { limit: 2 });
    expect(first.sessions.map((row) => row.anonymousId)).toEqual(["v5", "v4"]);
    await act(t, "newcomer");
    await t.mutation(api.visitors.forget.visitor, { anonymousId: "v4" });
    await t.mutation(api.visitors.forget.visitor, { anonymousId: "v2" });
    const rest = await listAll(t, { cursor: first.cursor });
    expect(rest).toEqual(["v3", "v1", "v0"]);
  });

  test.each([[0], [-1], [1.5], [NaN], [1_001]])(
    "refuses a limit of %d",
    async (limit) => {
      await expect(list(setUpComponent(), { limit })).rejects.toMatchObject({
        data: { kind: "invalidArgument", argument: "limit" },
      });
    },
  );

  test.each([
    [""],
    ["x"],
    ["1"],
    ["::"],
    ["1:2:"],
    ["1::id"],
    ["1:x:id"],
    ["1:2:id:3"],
  ])("refuses the invalid cursor %j", async (cursor) => {
    await expect(list(setUpComponent(), { cursor })).rejects.toMatchObject({
      data: { kind: "invalidArgument", argument: "cursor" },
    });
  });
});

describe("the lease of a session", () => {
  test("says when the visitor was last active; only an active session has one", async () => {
    const t = setUpComponent();
    await oneOfEachState(t);
    pass(5_000);
    expect(await leaseOf(t, "active")).toEqual({
      lastActive: Date.now() - 5_000,
      actionCount: 1,
      engagedMs: 0,
      idle: false,
    });
    expect(await leaseOf(t, "expired")).toBeNull();
    expect(await leaseOf(t, "ended")).toBeNull();
  });

  test.each([
    [0, false],
    [1, true],
  ])(
    "idle %i ms beyond idleTimeout after the last activity: %s",
    async (extraMs, idle) => {
      const t = setUpComponent();
      await act(t, "v");
      pass(30 * MINUTE_MS + extraMs);
      expect(await leaseOf(t, "v")).toMatchObject({ lastActive: START, idle });
    },
  );
});

describe("get", () => {
  test("finds a session by either id, with its lease while it is active", async () => {
    const t = setUpComponent();
    await act(t, "v");
    const byName = await t.query(api.operator.show.get, { id: "v" });
    expect(byName).toMatchObject({
      anonymousId: "v",
      state: "active",
      lease: { lastActive: START, actionCount: 1, idle: false },
    });
    const id = byName?.sessionId ?? "";
    expect(await t.query(api.operator.show.get, { id })).toEqual(byName);

    await t.mutation(api.visitors.end.visit, { anonymousId: "v" });
    expect(await t.query(api.operator.show.get, { id })).toMatchObject({
      state: "ended",
      lease: null,
    });
  });

  test("returns null for an unknown id, and for the id of another table's row", async () => {
    const t = setUpComponent();
    await act(t, "v");
    const lease = (await readRows(t)).leases[0]?._id ?? "";
    for (const id of ["nobody", "", lease]) {
      expect(await t.query(api.operator.show.get, { id })).toBeNull();
    }
  });

  test("an anonymousId that looks like another's sessionId gives that session", async () => {
    const t = setUpComponent();
    await act(t, "v");
    const found = await t.query(api.operator.show.get, { id: "v" });
    const id = found?.sessionId ?? "";
    await act(t, id);
    expect(await t.query(api.operator.show.get, { id })).toEqual(found);
  });
});

describe("timeline", () => {
  test("is what the visitor did, newest first, and nobody else's", async () => {
    const t = setUpComponent();
    await act(t, "v", "arrive");
    pass(1_000);
    await act(t, "other");
    await act(t, "v", "leave");
    expect(await timeline(t, "v")).toEqual([
      { at: START + 1_000, action: "leave" },
      { at: START, action: "arrive" },
    ]);
  });

  test.each([[1], [2], [3], [4], [5], [100]])(
    "in pages of %i returns each action once, also those of one moment",
    async (limit) => {
      const t = setUpComponent();
      // One action a second, then four at once, then one a second.
      const times = [0, 1, 2, 2, 2, 2, 3, 4].map((s) => START - s * 1_000);
      await importOne(t, "v", times);
      const names = times.map((_, n) => `action ${n}`);
      const seen = await timeline(t, "v", limit);
      expect(seen.map(({ action }) => action).toSorted()).toEqual(names);
      expect(seen.map(({ at }) => at)).toEqual(times);
    },
  );

  test.each([[0], [1_001]])("refuses a limit of %d", async (limit) => {
    const t = setUpComponent();
    await act(t, "v");
    await expect(timeline(t, "v", limit)).rejects.toMatchObject({
      data: { kind: "invalidArgument", argument: "limit" },
    });
  });
});

describe("active", () => {
  test("returns the newest first, without anonymousId", async () => {
    const t = setUpComponent();
    await act(t, "first");
    pass(MINUTE_MS);
    await act(t, "second");
    await act(t, "second");
    await t.mutation(api.visitors.link.user, {
      anonymousId: "second",
      userId: "ada",
    });
    const found = await active(t, 15);
    expect(found).toEqual([
      {
        sessionId: expect.any(String) as string,
        createdAt: START + MINUTE_MS,
        lastActive: START + MINUTE_MS,
        inactiveForMs: 0,
        visits: 1,
        actionCount: 2,
        userId: "ada",
      },
      {
        sessionId: expect.any(String) as string,
        createdAt: START,
        lastActive: START,
        inactiveForMs: MINUTE_MS,
        visits: 1,
        actionCount: 1,
      },
    ]);
    expect(JSON.stringify(found)).not.toMatch(/first|second|anonymousId/);
  });

  test.each([
    [-1, 1],
    [0, 0],
    [+1, 0],
  ])(
    "sessions last active 15 minutes and %i ms ago in a window of 15 minutes: %i",
    async (offset, count) => {
      const t = setUpComponent();
      await act(t, "v");
      pass(15 * MINUTE_MS + offset);
      expect(await active(t, 15)).toHaveLength(count);
    },
  );

  test("a window longer than idleTimeout includes expired sessions, before and after the expire run", async () => {
    const found = [];
    for (const withRun of [false, true]) {
      const t = setUpComponent();
      await act(t, "expired");
      pass(20 * MINUTE_MS);
      await act(t, "live");
      pass(20 * MINUTE_MS);
      if (withRun) await expire(t);
      found.push([await seen(t, 15), await seen(t, 30), await seen(t, 60)]);
    }
    const [late, onTime] = found;
    expect(onTime).toEqual([[], ["live"], ["live", "expired"]]);
    expect(late).toEqual(onTime);
  });

  test("a window includes no ended sessions", async () => {
    const t = setUpComponent();
    await oneOfEachState(t);
    expect(await seen(t, 15)).toEqual(["active"]);
    expect(await seen(t, 24 * 60)).toEqual(["active", "expired"]);
  });

  test("active and expired sessions share the limit, newest first", async () => {
    const t = setUpComponent();
    for (const name of ["a", "b", "c", "d"]) {
      await act(t, name);
      pass(20 * MINUTE_MS);
    }
    await expire(t);
    expect(await seen(t, 120, 3)).toEqual(["d", "c", "b"]);
    expect(await seen(t, 120, 1)).toEqual(["d"]);
  });

  test("an expired session comes before an active session that was seen earlier", async () => {
    const t = setUpComponent();
    await act(t, "patient");
    const patch = { idleTimeoutMs: 2 * MINUTE_MS };
    await t.mutation(api.settings.settings.change, { patch, actor: "ada" });
    pass(5 * MINUTE_MS);
    await act(t, "expired");
    pass(5 * MINUTE_MS);
    await expire(t);
    expect(await seen(t, 15)).toEqual(["expired", "patient"]);
  });

  test.each([
    [0, 100, "minutesActive"],
    [-5, 100, "minutesActive"],
    [NaN, 100, "minutesActive"],
    [Infinity, 100, "minutesActive"],
    [15, 0, "limit"],
    [15, 1_001, "limit"],
  ])(
    "refuses a window of %d minutes with a limit of %d",
    async (minutesActive, limit, argument) => {
      await expect(
        active(setUpComponent(), minutesActive, limit),
      ).rejects.toMatchObject({ data: { kind: "invalidArgument", argument } });
    },
  );
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

function act(t: Component, anonymousId: string, action = "click") {
  return t.mutation(api.visitors.action.record, { anonymousId, action });
}

async function expire(t: Component) {
  await startRun(t, "expire");
}

/** Three visitors, each named after the state of the session. */
async function oneOfEachState(t: Component): Promise<void> {
  await act(t, "expired");
  pass(31 * MINUTE_MS);
  await expire(t);
  await act(t, "ended");
  await t.mutation(api.visitors.end.visit, { anonymousId: "ended" });
  await act(t, "active");
}

async function visit(t: Component, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, n) => `v${n}`);
  for (const id of ids) await act(t, id);
  return ids;
}

/**
 * Rows that share their `_creationTime`, as those of two transactions may. `convex-test` adds 0.001
 * to keep them apart, which at a time so late is less than a double can tell.
 */
async function createInOneMoment(t: Component, count: number) {
  vi.setSystemTime(8e14);
  const ids = await visit(t, count);
  const { sessions } = await readRows(t);
  expect(new Set(sessions.map((row) => row._creationTime)).size).toBe(1);
  return ids;
}

interface ListArgs {
  limit?: number;
  state?: SessionState;
  cursor?: string | null;
}

function list(t: Component, { state, limit = 100, cursor }: ListArgs = {}) {
  return t.query(api.operator.search.page, {
    filter: state === undefined ? {} : { state },
    sort: "created",
    order: "desc",
    limit,
    ...(cursor === undefined ? {} : { cursor }),
  });
}

async function leaseOf(t: Component, id: string) {
  return (await t.query(api.operator.show.get, { id }))?.lease;
}

async function listAll(t: Component, args: ListArgs): Promise<string[]> {
  const ids: string[] = [];
  let { cursor = null } = args;
  do {
    const page = await list(t, { ...args, cursor });
    expect(page.sessions.length).toBeLessThanOrEqual(args.limit ?? 100);
    ids.push(...page.sessions.map((row) => row.anonymousId));
    expect(ids.length, "a list that comes to an end").toBeLessThan(100);
    ({ cursor } = page);
  } while (cursor !== null);
  return ids;
}

/** The rows of all pages. */
async function timeline(t: Component, id: string, limit = 50) {
  const session = await t.query(api.operator.show.get, { id });
  if (session === null) throw new Error(`${id} has no session.`);
  const { sessionId } = session;
  const actions: Action[] = [];
  let cursor: string | null = null;
  do {
    const page: { actions: Action[]; cursor: string | null } = await t.query(
      api.operator.show.timeline,
      { sessionId, limit, cursor },
    );
    expect(page.actions.length).toBeLessThanOrEqual(limit);
    actions.push(...page.actions);
    expect(actions.length, "a list that comes to an end").toBeLessThan(100);
    ({ cursor } = page);
  } while (cursor !== null);
  return actions;
}

function importOne(t: Component, anonymousId: string, times: number[]) {
  const actions = times.map((at, n) => ({ at, action: `action ${n}` }));
  const row = { anonymousId, createdAt: START - DAY_MS, lastActive: START };
  return t.mutation(api.operator.import.batch, {
    rows: [{ ...row, actions }],
  });
}

function active(t: Component, minutesActive: number, limit = 100) {
  return t.query(api.visitors.active.list, { minutesActive, limit });
}

/** The anonymousIds of the sessions in the window, which the window itself does not return. */
async function seen(t: Component, minutesActive: number, limit?: number) {
  const { sessions } = await readRows(t);
  const nameOf = new Map(sessions.map((row) => [row._id, row.anonymousId]));
  const found = await active(t, minutesActive, limit);
  return found.map(({ sessionId }) => nameOf.get(sessionId as never));
}
