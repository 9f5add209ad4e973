/** Erasing the visitors of a filter by a run, with everything that is kept of them. */
import { describe, expect, test, vi } from "vitest";
import {
  doMany,
  previewMany,
  sessionOf,
  startMany,
} from "../../support/manyKit.js";
import { setUpWithFaults } from "../../support/faults.js";
import { withSlowHook } from "../../support/deadline.js";
import {
  api,
  DAY_MS,
  freshComponent,
  MINUTE_MS,
  NOW,
  t,
} from "../../support/fresh.js";
import { expectInvariants } from "../../support/rows.js";
import {
  finishRun,
  readRun,
  seedExpired,
  seedLeased,
  setPageSize,
  visitors,
} from "../../support/runKit.js";

describe("of who is active, expired, ended or blocked", () => {
  freshComponent();

  test("takes each with its visits and actions, and counts the visit under way in its day", async () => {
    await beat("here");
    await act("here", 3);
    await beat("blocked");
    await t.mutation(api.visitors.block.end, {
      session: { anonymousId: "blocked" },
      block: "forever",
    });
    await seedExpired(t, [
      { anonymousId: "old", lastActive: NOW - DAY_MS, actions: 5, visits: 3 },
    ]);
    for (const anonymousId of ["here", "blocked", "old"]) {
      await link(anonymousId, "ada");
    }
    await seedExpired(t, visitors(5, NOW - DAY_MS, "other"));
    vi.setSystemTime(NOW + MINUTE_MS);
    const filter = { userId: "ada" };
    const preview = await previewMany(t, { kind: "forget", filter });
    expect(preview).toMatchObject({
      ...{ sessions: 3, underWay: 1, visits: 5, actions: 8 },
      byState: { active: 1, expired: 1, ended: 1 },
      oldest: NOW - DAY_MS,
    });
    const run = await doMany(t, "forget", { filter });
    expect(run).toMatchObject({
      ...{ sessions: 3, leases: 1, visits: 5, actions: 8 },
      status: "completed",
    });
    const rows = await expectInvariants(t);
    expect(rows.sessions.map(({ anonymousId }) => anonymousId)).toEqual(
      visitors(5, 0, "other").map(({ anonymousId }) => anonymousId),
    );
    expect([rows.leases, rows.visits, rows.actions]).toEqual([[], [], []]);
    const erasures = await t.run((ctx) => ctx.db.query("erasures").collect());
    expect(erasures).toHaveLength(3);
    // Whoever comes again is a new visitor, also who was blocked.
    expect(await beat("blocked")).toMatchObject({ ok: true, state: "created" });
  });

  test("begins anew where a version before left it, and erases who is left", async () => {
    await setPageSize(t, 5);
    await seedExpired(t, visitors(10, NOW - DAY_MS, "gone"));
    await seedLeased(t, visitors(10, NOW - MINUTE_MS, "here"));
    const runId = await startMany(t, "forget", {
      filter: { activeAfter: NOW - 2 * DAY_MS },
    });
    await t.run(async (ctx) => {
      const id = ctx.db.normalizeId("runs", runId)!;
      // The place of a lease, in a walk that there is no more.
      const place = { at: NOW, creationTime: NOW, id: "" };
      const cursor = { phase: "returned" as const, ...place };
      await ctx.db.patch("runs", id, { cursor });
    });
    expect(await finishRun(t, runId)).toMatchObject({
      ...{ status: "completed", sessions: 20 },
    });
    expect((await expectInvariants(t)).sessions).toEqual([]);
  });

  test("erases a session with many rows over several pages, also an active one", async () => {
    await seedLeased(t, [
      { anonymousId: "big", lastActive: NOW, actions: 4_000 },
    ]);
    await setPageSize(t, 250);
    const runId = await startMany(t, "forget", {
      filter: { state: "active" },
    });
    const part = await readRun(t, runId);
    expect(part.sessions).toBe(0);
    expect(part.actions).toBeGreaterThan(900);
    // What is left is a session like any other.
    await expectInvariants(t);
    expect(await finishRun(t, runId)).toMatchObject({
      ...{ status: "completed", sessions: 1, actions: 4_000, leases: 1 },
    });
    const rows = await expectInvariants(t);
    expect([rows.sessions, rows.actions]).toEqual([[], []]);
  });
});

describe("while visitors come and go", () => {
  freshComponent();

  test("who comes back before the run has come to them is erased where they still match", async () => {
    await setPageSize(t, 10);
    await seedLeased(t, visitors(5, NOW - MINUTE_MS, "here"));
    await seedExpired(t, visitors(30, NOW - 30 * MINUTE_MS, "away"));
    await seedExpired(t, visitors(5, NOW - DAY_MS, "old"));
    const filter = { activeAfter: { agoMs: 60 * MINUTE_MS } };
    const runId = await startMany(t, "forget", { filter });
    expect(await readRun(t, runId)).toMatchObject({ sessions: 10 });
    vi.setSystemTime(Date.now() + 1_000);
    // One of the old, who did not match, does now.
    for (const anonymousId of ["away-29", "old-0", "away-0"]) {
      await beat(anonymousId);
    }
    expect(await finishRun(t, runId)).toMatchObject({
      ...{ status: "completed", sessions: 36, leases: 7 },
    });
    const { sessions } = await expectInvariants(t);
    const left = sessions.map(({ anonymousId }) => anonymousId);
    // Who was erased before is a new visitor, who came after the start.
    expect(left.toSorted()).toEqual([
      "away-0",
      ...["old-1", "old-2", "old-3", "old-4"],
    ]);
  });
});

describe("with a hook that", () => {
  freshComponent(NOW, setUpWithFaults);

  test("fails for some erases all, and owes the calls for these", async () => {
    await seedExpired(t, visitors(250, NOW - DAY_MS));
    await seedExpired(t, visitors(3, NOW - DAY_MS, "poison"));
    const filter = { activeBefore: NOW };
    const run = await doMany(t, "forget", { filter });
    expect(run).toMatchObject({
      ...{ status: "completed", sessions: 253, quarantined: 0 },
    });
    expect((await expectInvariants(t)).sessions).toEqual([]);
    expect(await debts()).toEqual(["poison-0", "poison-1", "poison-2"]);
  });

  test("runs out of time erases all, and owes every call", async () => {
    await seedExpired(t, visitors(60, NOW - DAY_MS));
    await withSlowHook(
      () => 0,
      async () => {
        const filter = { activeBefore: NOW };
        const run = await doMany(t, "forget", { filter });
        expect(run).toMatchObject({
          ...{ status: "completed", sessions: 60, quarantined: 0 },
        });
      },
    );
    expect((await expectInvariants(t)).sessions).toEqual([]);
    expect(await debts()).toHaveLength(60);
  });

  async function debts() {
    const rows = await t.run((ctx) => ctx.db.query("hookDebts").collect());
    return rows.map(({ session }) => session.anonymousId).toSorted();
  }
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function beat(anonymousId: string) {
  return t.mutation(api.visitors.heartbeat.beat, { anonymousId });
}

async function link(anonymousId: string, userId: string): Promise<void> {
  const { _id } = await sessionOf(t, anonymousId);
  await t.run((ctx) => ctx.db.patch("sessions", _id, { userId }));
}

async function act(anonymousId: string, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const call = { anonymousId, action: "click" };
    await t.mutation(api.visitors.action.record, call);
  }
}
