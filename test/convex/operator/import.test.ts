/** Importing rows from elsewhere: what is created, what merges, what is refused. */
import { describe, expect, test, vi } from "vitest";
import {
  MAX_IMPORT_ACTIONS,
  MAX_IMPORT_ROWS,
} from "../../../convex/sessionTracker/shared/limits.js";
import type { ImportRow } from "../../../convex/sessionTracker/operator/import.js";
import {
  api,
  DAY_MS,
  fakeClock,
  HOUR_MS,
  MINUTE_MS,
} from "../support/fresh.js";
import {
  expectInvariants,
  readRows,
  type Component,
  type Rows,
} from "../support/rows.js";
import { setUpComponent } from "../support/setup.js";
import { DEFAULT_SETTINGS } from "../../../convex/sessionTracker/shared/settings.js";

const NOW = Date.UTC(2026, 0, 1);
const LONG_AGO = NOW - 20 * DAY_MS;
const RECENTLY = NOW - 5 * MINUTE_MS;

fakeClock(NOW);

describe("a visitor not seen before", () => {
  test("who is idle is imported as an expired session without a lease", async () => {
    const t = setUpComponent();
    const createdAt = LONG_AGO - HOUR_MS;
    const actions = [{ at: LONG_AGO, action: "click", metadata: { x: 1 } }];
    const done = await importRows(t, {
      createdAt,
      lastActive: LONG_AGO,
      actions,
    });
    expect(done).toEqual({
      created: 1,
      merged: 0,
      unchanged: 0,
      erased: 0,
      visits: 0,
      actions: 1,
    });
    const rows = await expectInvariants(t);
    expect(rows.sessions).toMatchObject([
      {
        anonymousId: "v",
        createdAt,
        state: "expired",
        inactiveSince: LONG_AGO,
        visits: 1,
      },
    ]);
    expect(rows.leases).toEqual([]);
    expect(rows.actions).toMatchObject(actions);
  });

  test("who is not idle is imported as an active session, with a lease by the settings in force", async () => {
    const t = setUpComponent();
    const patch = { idleTimeoutMs: 10 * MINUTE_MS, touchAfterMs: 7_000 };
    await t.mutation(api.settings.settings.change, { patch, actor: "ada" });
    await importRows(t, { createdAt: LONG_AGO, lastActive: RECENTLY });
    const { sessions, leases } = await expectInvariants(t);
    expect(sessions).toMatchObject([{ createdAt: LONG_AGO, state: "active" }]);
    expect(leases).toMatchObject([{ lastActive: RECENTLY, ...patch }]);
  });

  test.each([
    [-1, "active"],
    [0, "active"],
    [+1, "expired"],
  ])("last active idleTimeout %i ms ago is %s", async (offset, state) => {
    const t = setUpComponent();
    const lastActive = NOW - DEFAULT_SETTINGS.idleTimeoutMs - offset;
    await importRows(t, { createdAt: lastActive, lastActive });
    const { sessions } = await expectInvariants(t);
    expect(sessions).toMatchObject([{ state }]);
  });
});

describe("the same rows twice change nothing", () => {
  const sameTwice: [string, Partial<ImportRow>[]][] = [
    [
      "of sessions idle and live",
      [{ lastActive: LONG_AGO }, { anonymousId: "w" }],
    ],
    ["with actions", [{ actions: clicks(1, 2, 3) }]],
    ["with identical actions of one moment", [{ actions: clicks(1, 1, 1) }]],
    [
      "of one visitor, several times",
      [
        { actions: clicks(1, 1) },
        { actions: clicks(1) },
        { lastActive: LONG_AGO },
      ],
    ],
  ];
  test.each(sameTwice)("%s", async (_, rows) => {
    const t = setUpComponent();
    await importRows(t, ...rows);
    const first = await expectInvariants(t);
    const again = await importRows(t, ...rows);
    expect(again).toEqual({
      created: 0,
      merged: 0,
      unchanged: rows.length,
      erased: 0,
      visits: 0,
      actions: 0,
    });
    expect(await expectInvariants(t)).toEqual(first);
  });
});

describe("rows of one visitor merge", () => {
  const early = { createdAt: LONG_AGO - 9, lastActive: LONG_AGO - 5 };
  const late = { createdAt: LONG_AGO - 7, lastActive: LONG_AGO };
  const merged = { createdAt: LONG_AGO - 9, inactiveSince: LONG_AGO };

  test.each([
    ["in one call", [[early, late]]],
    ["in one call, the later first", [[late, early]]],
    ["in two calls", [[early], [late]]],
    ["in two calls, the later first", [[late], [early]]],
  ])(
    "the earliest createdAt, the latest lastActive: %s",
    async (_, batches) => {
      const t = setUpComponent();
      for (const rows of batches) await importRows(t, ...rows);
      const { sessions } = await expectInvariants(t);
      expect(sessions).toMatchObject([{ ...merged, visits: 1 }]);
    },
  );

  test("the union of actions keeps two equal actions of one moment", async () => {
    const t = setUpComponent();
    const a = { at: LONG_AGO, action: "click" };
    const b = { ...a, resourceId: "button" };
    const c = { ...a, metadata: { x: 1, y: [2n, null] } };
    const d = { ...a, at: LONG_AGO - 1 };
    await importRows(t, { actions: [a, a, b] });
    const second = await importRows(t, { actions: [a, c, b, a, a, d] });
    expect(second).toMatchObject({ merged: 1, actions: 3 });
    const third = await importRows(t, { actions: [{ ...c }, a, d] });
    expect(third).toMatchObject({ unchanged: 1, actions: 0 });
    const { actions } = await expectInvariants(t);
    expect(actions.map(whatOf)).toEqual(
      expect.arrayContaining([a, a, a, b, c, d]),
    );
    expect(actions).toHaveLength(6);
  });

  test("metadata tells actions apart by value, not by the order of its fields", async () => {
    const t = setUpComponent();
    const at = LONG_AGO;
    const xy = { at, action: "move", metadata: { x: 1, y: 2 } };
    const yx = { at, action: "move", metadata: { y: 2, x: 1 } };
    const other = { at, action: "move", metadata: { x: 1, y: 3 } };
    await importRows(t, { actions: [xy] });
    expect(await importRows(t, { actions: [yx] })).toMatchObject({
      actions: 0,
    });
    expect(await importRows(t, { actions: [other] })).toMatchObject({
      actions: 1,
    });
  });

  test("actions recorded by tracking are not imported again", async () => {
    const t = setUpComponent();
    const what = { action: "click", metadata: { x: 1 } };
    await t.mutation(api.visitors.action.record, {
      anonymousId: "v",
      ...what,
    });
    const actions = [{ at: NOW, ...what }];
    const done = await importRows(t, { createdAt: NOW, actions });
    expect(done).toMatchObject({ unchanged: 1, actions: 0 });
    await expectInvariants(t);
  });
});

describe("later activity than known", () => {
  test("touches a live session", async () => {
    const t = setUpComponent();
    await importRows(t, { lastActive: RECENTLY });
    await importRows(t, { lastActive: NOW });
    const { sessions, leases } = await expectInvariants(t);
    expect(sessions).toMatchObject([{ state: "active", visits: 1 }]);
    expect(leases).toMatchObject([{ lastActive: NOW }]);
  });

  test("moves an expired session's last activity, and leaves an idle one expired", async () => {
    const t = setUpComponent();
    await importRows(t, { lastActive: LONG_AGO });
    await importRows(t, { lastActive: LONG_AGO + DAY_MS });
    const { sessions } = await expectInvariants(t);
    const inactiveSince = LONG_AGO + DAY_MS;
    expect(sessions).toMatchObject([{ state: "expired", inactiveSince }]);
  });

  test("revives an expired session with its next visit where the activity is recent", async () => {
    const t = setUpComponent();
    await importRows(t, { lastActive: LONG_AGO });
    await importRows(t, { lastActive: RECENTLY });
    const { sessions, leases } = await expectInvariants(t);
    expect(sessions).toMatchObject([{ state: "active", visits: 2 }]);
    expect(leases).toMatchObject([{ lastActive: RECENTLY }]);
  });

  test.each([
    ["active again, where the activity is recent", 0, "active", 2],
    ["expired, where the activity is not recent", 31 * MINUTE_MS, "expired", 1],
  ])("makes an ended session %s", async (_, waitMs, state, visits) => {
    const t = setUpComponent();
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId: "v" });
    const end = { anonymousId: "v", reason: "bye" };
    await t.mutation(api.visitors.end.visit, end);
    vi.setSystemTime(NOW + MINUTE_MS + waitMs);
    await importRows(t, { lastActive: NOW + MINUTE_MS });
    const { sessions } = await expectInvariants(t);
    expect(sessions).toMatchObject([{ state, visits }]);
    expect(sessions[0]).not.toHaveProperty("endReason");
  });

  test("earlier activity than known leaves an ended session ended", async () => {
    const t = setUpComponent();
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId: "v" });
    await t.mutation(api.visitors.end.visit, {
      anonymousId: "v",
      reason: "bye",
    });
    await importRows(t, { lastActive: NOW, actions: clicks(7) });
    const { sessions } = await expectInvariants(t);
    expect(sessions).toMatchObject([
      { state: "ended", endReason: "bye", createdAt: LONG_AGO },
    ]);
  });

  test("starts the next visit of an idle session that no run has expired yet", async () => {
    const visits = [];
    for (const withRun of [false, true]) {
      const t = setUpComponent();
      vi.setSystemTime(NOW - HOUR_MS);
      const action = { anonymousId: "v", action: "click" };
      await t.mutation(api.visitors.action.record, action);
      vi.setSystemTime(NOW);
      if (withRun) await expire(t);
      await importRows(t, { lastActive: RECENTLY, actions: clicks(1, 2) });
      const { sessions, leases, actions } = await expectInvariants(t);
      expect(leases).toMatchObject([{ lastActive: RECENTLY }]);
      expect(actions).toHaveLength(3);
      visits.push(sessions[0]?.visits);
    }
    expect(visits).toEqual([2, 2]);
  });
});

describe("a bad row is named, and nothing of its call is written", () => {
  test.each([
    ["no valid anonymousId", { anonymousId: "two words" }],
    ["no anonymousId at all", { anonymousId: "" }],
    ["createdAt before the epoch", { createdAt: -1 }],
    ["createdAt that is no number", { createdAt: NaN }],
    ["lastActive before createdAt", { createdAt: NOW, lastActive: NOW - 1 }],
    ["lastActive that is no number", { lastActive: NaN }],
    ["lastActive in the future", { lastActive: NOW + MINUTE_MS + 1 }],
    ["an infinite lastActive", { lastActive: Infinity }],
    ["an action in the future", { actions: clicks(-MINUTE_MS - 1) }],
    ["an action before the epoch", { actions: clicks(NOW + 1) }],
    ["an action whose time is NaN", { actions: clicks(NaN) }],
  ])("%s", async (_, bad) => {
    const t = setUpComponent();
    const rows = [{ anonymousId: "good" }, { anonymousId: "v", ...bad }];
    await expect(importRows(t, ...rows)).rejects.toMatchObject({
      data: { kind: "invalidRow", index: 1 },
    });
    expect(await expectInvariants(t)).toEqual({
      sessions: [],
      leases: [],
      visits: [],
      actions: [],
    });
  });

  test("the clock of the other system may be a minute ahead", async () => {
    const t = setUpComponent();
    await importRows(t, {
      lastActive: NOW + MINUTE_MS,
      actions: clicks(-MINUTE_MS),
    });
    await expectInvariants(t);
  });
});

describe("a call", () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ anonymousId: `v${n}` }));

  test.each([
    ["no rows", []],
    ["the most rows it takes", many(MAX_IMPORT_ROWS)],
    [
      "the most actions allowed",
      [{ actions: clicks(...range(MAX_IMPORT_ACTIONS)) }],
    ],
  ])("with %s is imported", async (_, rows) => {
    const t = setUpComponent();
    const done = await importRows(t, ...rows);
    expect(done).toMatchObject({ created: rows.length });
    await expectInvariants(t);
  });

  test.each([
    ["one row too many", many(MAX_IMPORT_ROWS + 1)],
    [
      "one action too many",
      [
        { anonymousId: "a", actions: clicks(...range(MAX_IMPORT_ACTIONS)) },
        { anonymousId: "b", actions: clicks(1) },
      ],
    ],
  ])("with %s is refused", async (_, rows) => {
    const t = setUpComponent();
    await expect(importRows(t, ...rows)).rejects.toMatchObject({
      data: { kind: "batchTooLarge" },
    });
    expect((await readRows(t)).sessions).toEqual([]);
  });

  test("is refused where the session has more actions than one call can compare", async () => {
    const t = setUpComponent();
    await importRows(t, { lastActive: LONG_AGO });
    await t.run(async (ctx) => {
      const session = (await ctx.db.query("sessions").unique())?._id;
      if (session === undefined) throw new Error("Nothing was imported.");
      for (let n = 0; n <= 8_000; n++) {
        const at = LONG_AGO - n;
        await ctx.db.insert("actions", { session, at, action: "click" });
      }
    });
    const wide = [LONG_AGO - 8_000, LONG_AGO].map((at) => ({
      at,
      action: "click",
    }));
    await expect(importRows(t, { actions: wide })).rejects.toMatchObject({
      data: {
        kind: "batchTooLarge",
        message: expect.stringContaining("in time order") as string,
      },
    });
    const narrow = wide.slice(1);
    expect(await importRows(t, { actions: narrow })).toMatchObject({
      actions: 0,
    });
  });

  test("of the most rows allowed fits a transaction when every row changes all it can", async () => {
    const t = setUpComponent();
    const rows = many(20);
    const live = rows.map((row) => ({ ...row, lastActive: RECENTLY }));
    await importRows(t, ...live);
    const changed = rows.map((row) => ({
      ...row,
      createdAt: LONG_AGO - 1,
      lastActive: NOW,
      actions: clicks(1),
    }));
    const { databaseQueries, documentsWritten } = await t.mutation(
      async (ctx) => {
        await ctx.runMutation(api.operator.import.batch, {
          rows: changed,
        });
        return await ctx.meta.getTransactionMetrics();
      },
    );
    // A real backend counts the read of a row that is patched, which convex-test does not.
    const patched = documentsWritten.used - rows.length;
    const intervalsARow = (databaseQueries.used + patched) / rows.length;
    expect(intervalsARow * MAX_IMPORT_ROWS).toBeLessThan(4_096);
    await expectInvariants(t);
  });
});

test("no cap drops an imported action", async () => {
  const t = setUpComponent();
  const patch = { maxActionsPerSession: 2, maxMetadataBytes: 4 };
  await t.mutation(api.settings.settings.change, { patch, actor: "ada" });
  const metadata = "longer than four bytes";
  const actions = clicks(1, 2, 3, 4, 5).map((one) => ({ ...one, metadata }));
  await importRows(t, { actions });
  expect((await expectInvariants(t)).actions).toHaveLength(5);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * Rows of a visitor "v" who came long ago and was seen just now, each with the given fields in their place.
 */
function importRows(t: Component, ...rows: Partial<ImportRow>[]) {
  const row = { anonymousId: "v", createdAt: LONG_AGO, lastActive: NOW };
  return t.mutation(api.operator.import.batch, {
    rows: rows.map((given) => ({
      ...row,
      createdAt: Math.min(LONG_AGO, given.lastActive ?? LONG_AGO),
      ...given,
    })),
  });
}

/** One click at each of the times, which are given in ms before now. */
function clicks(...agoMs: number[]) {
  return agoMs.map((ms) => ({ at: NOW - ms, action: "click" }));
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

function whatOf({ at, action, resourceId, metadata }: Rows["actions"][number]) {
  return {
    at,
    action,
    ...(resourceId === undefined ? {} : { resourceId }),
    ...(metadata === undefined ? {} : { metadata: metadata as unknown }),
  };
}

async function expire(t: Component): Promise<void> {
  const request = { actor: "ada", trigger: "operator" } as const;
  await t.mutation(api.runs.control.start, { kind: "expire", ...request });
}
