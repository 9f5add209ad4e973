/** Erased stays erased: what an import brings of visitors who were forgotten, and what a digest says. */
import type { FunctionArgs } from "convex/server";
import { describe, expect, test, vi } from "vitest";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  NOW,
  t,
} from "../support/fresh.js";
import { expectInvariants, readRows } from "../support/rows.js";
import { finishRun, seedExpired, startRun } from "../support/runKit.js";

freshComponent();

const visitor = { anonymousId: "user123" };
const row = {
  ...visitor,
  createdAt: NOW - 3 * DAY_MS,
  lastActive: NOW - DAY_MS,
  actions: [{ at: NOW - DAY_MS, action: "buy" }],
};
const other = { ...row, anonymousId: "other" };
const by = { actor: "ada", reason: "erased by mistake" };

describe("an import of rows from before", () => {
  test("brings back nobody who was forgotten, and says how many", async () => {
    await importRows(row);
    await forget();
    expect(await importRows(row, other)).toMatchObject({
      created: 1,
      erased: 1,
      actions: 1,
    });
    expect(await importRows(row)).toMatchObject({ created: 0, erased: 1 });
    const { sessions, actions } = await expectInvariants(t);
    expect(sessions).toMatchObject([{ anonymousId: "other" }]);
    expect(actions).toHaveLength(1);
  });

  test("adds nothing to the visitor who came back with the same id, who is a new one", async () => {
    await importRows(row);
    await forget();
    vi.setSystemTime(NOW + HOUR_MS);
    const back = await t.mutation(api.visitors.heartbeat.beat, visitor);
    expect(back).toMatchObject({ ok: true, state: "created" });
    expect(await importRows(row)).toMatchObject({ erased: 1, merged: 0 });
    const add = { ...visitor, actions: row.actions, after: null };
    expect(await t.mutation(api.operator.importActions.add, add)).toEqual({
      added: 0,
      rest: null,
    });
    // What was exported since the erasure is of the new visitor.
    const later = {
      ...visitor,
      createdAt: NOW + HOUR_MS,
      lastActive: NOW + HOUR_MS,
    };
    expect(await importRows(later)).toMatchObject({ erased: 0, unchanged: 1 });
    const { sessions, actions } = await expectInvariants(t);
    expect(sessions).toMatchObject([{ createdAt: NOW + HOUR_MS, visits: 1 }]);
    expect(actions).toEqual([]);
  });

  test("brings back those whom a purge deleted: it leaves no digest", async () => {
    await seedExpired(t, [{ ...visitor, lastActive: NOW - 20 * DAY_MS }]);
    await finishRun(t, await startRun(t, "purge"));
    expect((await readRows(t)).sessions).toEqual([]);
    expect(await digests()).toEqual([]);
    expect(await importRows(row)).toMatchObject({ created: 1, erased: 0 });
  });

  test("restores them where somebody says why, once and for all", async () => {
    await importRows(row);
    await forget();
    const restored = await t.mutation(api.operator.import.batch, {
      rows: [row, other],
      restoreErased: by,
    });
    expect(restored).toMatchObject({ created: 2, erased: 0 });
    expect(await digests()).toEqual([]);
    const { entries } = await t.query(api.operator.log.page, { limit: 9 });
    expect(entries).toMatchObject([
      { what: "erasure.lifted", ...by, counts: { sessions: 1 } },
    ]);
    expect(await importRows(row)).toMatchObject({ unchanged: 1, erased: 0 });
    await expectInvariants(t);
  });

  test("is not restored for no reason", async () => {
    const restoreErased = { actor: "ada", reason: " " };
    const args = { rows: [row], restoreErased };
    await expect(
      t.mutation(api.operator.import.batch, args),
    ).rejects.toMatchObject({ data: { kind: "invalidArgument" } });
  });

  test("knows a visitor who was forgotten twice by the last time", async () => {
    await importRows(row);
    await forget();
    vi.setSystemTime(NOW + HOUR_MS);
    await t.mutation(api.visitors.heartbeat.beat, visitor);
    vi.setSystemTime(NOW + 2 * HOUR_MS);
    await forget();
    expect(await digests()).toMatchObject([{ at: NOW + 2 * HOUR_MS }]);
    const between = {
      ...visitor,
      createdAt: NOW + HOUR_MS,
      lastActive: NOW + HOUR_MS,
    };
    expect(await importRows(between)).toMatchObject({ erased: 1 });
  });
});

describe("a digest", () => {
  test("says nothing of the visitor, and differs between deployments", async () => {
    await importRows(row);
    await forget();
    const [mine] = await digests();
    expect(mine?.digest).toMatch(/^[0-9a-f]{64}$/);
    const bytes = new TextEncoder().encode(visitor.anonymousId);
    const plain = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const hex = Array.from(plain, (byte) => byte.toString(16).padStart(2, "0"));
    expect(mine?.digest).not.toBe(hex.join(""));
    // As another deployment would make it, with a salt of its own.
    await t.run(async (ctx) => {
      for (const { _id } of await ctx.db.query("erasureSalt").collect()) {
        await ctx.db.delete("erasureSalt", _id);
      }
    });
    await t.mutation(api.visitors.heartbeat.beat, visitor);
    await forget();
    const [, theirs] = await digests();
    expect(theirs?.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(theirs?.digest).not.toBe(mine?.digest);
  });

  test("is left by visitors who erase themselves, too, and goes with no block", async () => {
    await t.mutation(api.visitors.heartbeat.beat, visitor);
    await t.mutation(api.visitors.block.end, {
      session: visitor,
      block: "forever",
    });
    await forget();
    expect(await digests()).toHaveLength(1);
    // Erasure comes first: the block was of the session, which is gone.
    expect(
      await t.mutation(api.visitors.heartbeat.beat, visitor),
    ).toMatchObject({
      state: "created",
    });
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

type ImportRow = FunctionArgs<typeof api.operator.import.batch>["rows"][number];

function importRows(...rows: ImportRow[]) {
  return t.mutation(api.operator.import.batch, { rows });
}

function forget() {
  return t.mutation(api.visitors.forget.visitor, visitor);
}

function digests() {
  return t.run((ctx) => ctx.db.query("erasures").collect());
}
