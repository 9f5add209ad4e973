/** Importing actions of one session that do not fit one call: no action is lost, and none is added twice. */
import { describe, expect, test } from "vitest";
import type { ExportCursor } from "../../../convex/sessionTracker/operator/export.js";
import { Random } from "../../../embedded/test/support/random.js";
import { api, fakeClock } from "../support/fresh.js";
import type { Component } from "../support/rows.js";
import { setUpComponent } from "../support/setup.js";
import type { Place } from "../../../convex/sessionTracker/shared/places.js";
import type { Action } from "../../../convex/sessionTracker/shared/sessions.js";

const NOW = Date.UTC(2026, 0, 1);
const AT = NOW - 60_000;

fakeClock(NOW);

type Imported = Action & { copies?: number };
type Rest = { actions: Imported[]; after: Place | null };

async function setUpVisitor(): Promise<Component> {
  const t = setUpComponent();
  const row = { anonymousId: "v", createdAt: AT - 10, lastActive: NOW };
  await t.mutation(api.operator.import.batch, { rows: [row] });
  return t;
}

/**
 * Calls until all is done, each call twice, as where an answer is lost.
 * @returns how many were added, and in how many calls
 */
async function add(t: Component, actions: Imported[]) {
  let added = 0;
  let calls = 0;
  for (let first = 0; first < actions.length; first += 2_000) {
    let rest: Rest | null = {
      actions: actions.slice(first, first + 2_000),
      after: null,
    };
    while (rest !== null) {
      const call: Rest = rest;
      const one = { anonymousId: "v", ...call };
      const lost = await t.mutation(api.operator.importActions.add, one);
      const answer = await t.mutation(api.operator.importActions.add, one);
      added += lost.added + answer.added;
      calls += 1;
      rest = answer.rest;
    }
  }
  return { added, calls };
}

/** The stored actions: how often each is stored, by a text that holds its fields. */
async function stored(t: Component): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  let all = 0;
  let cursor: ExportCursor | null = null;
  do {
    const page: Awaited<ReturnType<typeof readPage>> = await readPage(
      t,
      cursor,
    );
    for (const { actions } of page.sessions) {
      for (const { at, action, metadata } of actions) {
        all += 1;
        const key = JSON.stringify([at, action, metadata ?? null]);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    cursor = page.cursor;
  } while (cursor !== null);
  const session = await t.query(api.operator.show.get, { id: "v" });
  expect(session?.actionCount).toBe(all);
  return counts;
}

function readPage(t: Component, cursor: ExportCursor | null) {
  return t.query(api.operator.export.page, { cursor });
}

const at = (time: number, n: number): Action => ({ at: time, action: `a${n}` });
const many = (count: number, time = AT) =>
  Array.from({ length: count }, (_, n) => at(time, n));

describe("actions of one time", () => {
  test("are each added once where 5,000 differ", async () => {
    const t = await setUpVisitor();
    const actions = many(5_000);
    expect(await add(t, actions)).toMatchObject({ added: 5_000 });
    expect((await stored(t)).size).toBe(5_000);
    expect(await add(t, actions)).toMatchObject({ added: 0 });
  }, 60_000);

  test("are each added once where 4,500 are equal", async () => {
    const t = await setUpVisitor();
    const actions = [{ ...at(AT, 1), copies: 4_500 }, at(AT, 2)];
    expect(await add(t, actions)).toMatchObject({ added: 4_501 });
    expect([...(await stored(t)).values()]).toEqual([4_500, 1]);
    expect(await add(t, actions)).toMatchObject({ added: 0 });
    const more = [{ ...at(AT, 1), copies: 4_510 }];
    expect(await add(t, more)).toMatchObject({ added: 10 });
  }, 60_000);

  test("are each added once where they are of 600 kB, over several calls", async () => {
    const t = await setUpVisitor();
    const metadata = "x".repeat(600_000);
    const actions = [{ ...at(AT, 1), metadata, copies: 30 }];
    const { added, calls } = await add(t, actions);
    expect(added).toBe(30);
    expect(calls).toBeGreaterThan(3);
    expect(await add(t, actions)).toMatchObject({ added: 0 });
  }, 60_000);
});

test.each([1, 2])(
  "random stored and imported ones are merged to their union, seed %i",
  async (seed) => {
    const random = new Random(seed);
    const t = await setUpVisitor();
    const some = (count: number): Map<string, Imported> => {
      const actions = new Map<string, Imported>();
      for (let i = 0; i < count; i += 1) {
        const action = at(AT + random.below(4), random.below(40));
        const copies = random.chance(0.05) ? 1 + random.below(900) : 1;
        const key = JSON.stringify([action.at, action.action, null]);
        actions.set(key, { ...action, copies });
      }
      return actions;
    };
    const expected = new Map<string, number>();
    for (let i = 0; i < 3; i += 1) {
      const actions = some(100);
      await add(t, [...actions.values()]);
      for (const [key, { copies = 1 }] of actions) {
        expected.set(key, Math.max(copies, expected.get(key) ?? 0));
      }
      expect(await stored(t)).toEqual(expected);
    }
  },
  60_000,
);

test("an unknown session and invalid actions are refused", async () => {
  const t = await setUpVisitor();
  const call = (anonymousId: string, actions: Imported[]) =>
    t.mutation(api.operator.importActions.add, {
      anonymousId,
      actions,
      after: null,
    });
  await expect(call("gone", [at(AT, 1)])).rejects.toThrow("sessionNotFound");
  await expect(call("v", [at(NOW + 3_600_000, 1)])).rejects.toThrow("past");
  await expect(call("v", [{ ...at(AT, 1), copies: 0 }])).rejects.toThrow(
    "copies",
  );
  await expect(call("v", many(2_001))).rejects.toThrow("batchTooLarge");
  expect(await call("v", [])).toEqual({ added: 0, rest: null });
});
