/** Blocks: what ends one, what does not, and what they cost. The table of states has the blocked session, too. */
import type { FunctionArgs } from "convex/server";
import { describe, expect, test, vi } from "vitest";
import type { Block } from "../../../convex/sessionTracker/shared/sessions.js";
import { MAX_PASSED } from "../../../convex/sessionTracker/runs/due.js";
import { countStates } from "../../../convex/sessionTracker/rows/counters.js";
import { drive, startArchivedPurge } from "../support/archiveKit.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";
import { record, totals } from "../support/recorder.js";
import { expectInvariants } from "../support/rows.js";
import {
  finishRun,
  readRun,
  seedExpired,
  startRun,
  visitors,
} from "../support/runKit.js";

const visitor = { anonymousId: "user123" };
const OLD = NOW - 20 * DAY_MS;
const REVOKED = { ok: false, reason: "revoked" };

freshComponent();

describe("a block", () => {
  test("says for how long, to the millisecond, and ends with it", async () => {
    await beat();
    await block({ forMs: HOUR_MS });
    pass(HOUR_MS - 1);
    expect(await beat()).toEqual({ ...REVOKED, retryAfterMs: 1 });
    expect(await act()).toEqual({ ...REVOKED, retryAfterMs: 1 });
    pass(1);
    expect(await beat()).toMatchObject({ ok: true, state: "revived" });
    const { sessions } = await expectInvariants(t);
    expect(sessions[0]).not.toHaveProperty("blockedUntil");
    expect(sessions[0]).not.toHaveProperty("endReason");
  });

  test("for good says no time, and ends with nothing but its lifting", async () => {
    await beat();
    await block("forever");
    pass(1_000 * DAY_MS);
    expect(await beat()).toEqual(REVOKED);
    await expect(link()).rejects.toMatchObject({
      data: { kind: "revoked", message: expect.any(String) as string },
    });
    expect(await shown()).toMatchObject({ blockedUntil: "forever" });
    expect(await lift()).toMatchObject({ unblocked: true });
    expect(await shown()).toMatchObject({ state: "ended" });
    expect(await shown()).not.toHaveProperty("blockedUntil");
    expect(await lift()).toMatchObject({ unblocked: false });
    expect(await beat()).toMatchObject({ ok: true, state: "revived" });
    expect(await lift()).toMatchObject({ unblocked: false });
  });

  test("tells whoever links when to try again", async () => {
    await beat();
    await block({ forMs: HOUR_MS });
    await expect(link()).rejects.toMatchObject({
      data: { kind: "revoked", retryAfterMs: HOUR_MS },
    });
  });

  test("is not shown once it is over", async () => {
    await beat();
    await block({ forMs: HOUR_MS });
    expect(await shown()).toMatchObject({ blockedUntil: NOW + HOUR_MS });
    pass(HOUR_MS);
    expect(await shown()).not.toHaveProperty("blockedUntil");
    expect(await lift()).toMatchObject({ unblocked: false });
  });

  test("takes the place of the one before, longer or shorter", async () => {
    await beat();
    await block("forever");
    expect(await block({ forMs: 5 })).toMatchObject({
      ended: false,
      blockedUntil: NOW + 5,
    });
    expect(await block({ forMs: 9 })).toMatchObject({ blockedUntil: NOW + 9 });
  });

  test("stays when the session is ended again without one", async () => {
    await beat();
    await block("forever");
    expect(await block(undefined)).toMatchObject({ blockedUntil: "forever" });
    expect(await beat()).toEqual(REVOKED);
  });

  test.each(["active", "idle", "expired", "ended"])(
    "holds for a session that is %s, which has then ended when it was last active",
    async (state) => {
      await act();
      pass(5 * MINUTE_MS);
      if (state === "ended") await endByVisitor();
      if (state === "idle" || state === "expired") pass(31 * MINUTE_MS);
      if (state === "expired") await finishRun(t, await startRun(t, "expire"));
      const hasVisit = state === "active" || state === "idle";
      expect(await block({ forMs: DAY_MS })).toMatchObject({
        ended: hasVisit,
        blockedUntil: Date.now() + DAY_MS,
      });
      const isEarlier = state === "idle" || state === "expired";
      const inactiveSince = isEarlier ? NOW : NOW + 5 * MINUTE_MS;
      const { sessions } = await expectInvariants(t);
      expect(sessions).toMatchObject([{ state: "ended", inactiveSince }]);
      expect(await beat()).toMatchObject(REVOKED);
    },
  );

  test("is refused for no time, and where there is nobody nothing is blocked", async () => {
    expect(await block("forever")).toEqual({
      ended: false,
      sessionId: null,
      blockedUntil: null,
    });
    expect(await lift()).toEqual({ unblocked: false, sessionId: null });
    await beat();
    for (const forMs of [0, -1, 1.5, NaN, Infinity, 1e15]) {
      await expect(block({ forMs })).rejects.toMatchObject({
        data: { kind: "invalidArgument", argument: "block.forMs" },
      });
    }
    expect(await beat()).toMatchObject({ ok: true });
  });

  test("is set and lifted by the sessionId, too", async () => {
    const beaten = await beat();
    const session = { sessionId: beaten.ok ? beaten.sessionId : "" };
    const args = { session, block: "forever" as const };
    await t.mutation(api.visitors.block.end, args);
    expect(await beat()).toEqual(REVOKED);
    await t.mutation(api.visitors.block.lift, { session });
    expect(await beat()).toMatchObject({ ok: true });
  });

  test("is not ended by the visitor, nor by an import", async () => {
    await beat();
    await block({ forMs: DAY_MS });
    pass(HOUR_MS);
    expect(await endByVisitor()).toMatchObject({ ended: false });
    const row = { ...visitor, createdAt: NOW, lastActive: NOW + HOUR_MS };
    // Even a visit that was under way elsewhere: it counts as finished.
    const visitUnderWay = { startedAt: NOW + 9, engagedMs: 0, actions: 0 };
    const imported = { rows: [{ ...row, visits: 3, visitUnderWay }] };
    await t.mutation(api.operator.import.batch, imported);
    expect(await beat()).toEqual({
      ...REVOKED,
      retryAfterMs: DAY_MS - HOUR_MS,
    });
    const { sessions } = await expectInvariants(t);
    expect(sessions).toMatchObject([
      {
        endReason: "abuse",
        visits: 3,
        inactiveSince: NOW + HOUR_MS,
        lastVisit: { startedAt: NOW + 9, endedAt: NOW + HOUR_MS },
      },
    ]);
    // Once it is over, an import may bring the visitor back.
    pass(DAY_MS);
    const later = { ...row, lastActive: Date.now() };
    await t.mutation(api.operator.import.batch, { rows: [later] });
    const after = await expectInvariants(t);
    expect(after.sessions).toMatchObject([{ state: "active" }]);
    expect(after.sessions[0]).not.toHaveProperty("blockedUntil");
  });
});

describe("a purge", () => {
  test("keeps blocked sessions for as long as they are blocked, and takes the others", async () => {
    await seedExpired(t, visitors(4, OLD));
    const named = (n: number) => ({ anonymousId: `visitor-${n}` });
    await block("forever", named(0));
    await block({ forMs: DAY_MS }, named(2));
    expect(await preview()).toMatchObject({ sessions: 2, cursor: null });
    expect(await t.query(api.operator.status.backlog, {})).toMatchObject({
      purge: 2,
    });
    expect(await purge()).toEqual(["visitor-0", "visitor-2"]);
    pass(DAY_MS);
    expect(await purge()).toEqual(["visitor-0"]);
    expect(await purge()).toEqual(["visitor-0"]);
  });

  test("with an archive keeps them, too", async () => {
    await seedExpired(t, visitors(3, OLD));
    await block("forever", { anonymousId: "visitor-1" });
    const archived = await drive(await startArchivedPurge());
    expect(archived).toHaveLength(2);
    const { sessions } = await expectInvariants(t);
    expect(sessions).toMatchObject([{ anonymousId: "visitor-1" }]);
  });

  test("comes by more of them than it passes over at once", async () => {
    await seedBlocked(MAX_PASSED + 5);
    await seedExpired(t, visitors(1, OLD + 1));
    const { sessions, cursor } = await preview();
    expect([sessions, cursor?.at]).toEqual([0, OLD]);
    expect(await preview(cursor)).toMatchObject({ sessions: 1, cursor: null });
    const runId = await startRun(t, "purge");
    await finishRun(t, runId);
    expect(await readRun(t, runId)).toMatchObject({
      status: "completed",
      sessions: 1,
      pages: 2,
    });
    await seedExpired(t, visitors(1, OLD + 1, "archived"));
    expect(await drive(await startArchivedPurge())).toHaveLength(1);
  });
});

describe("costs", () => {
  test("a heartbeat of a blocked visitor reads one document and writes none", async () => {
    await beat();
    await block("forever");
    expect(await costOf(beat)).toEqual({ reads: 1, writes: 0 });
    expect(await costOf(act)).toEqual({ reads: 1, writes: 0 });
  });

  test("a heartbeat of somebody else costs what it costs without blocks", async () => {
    const other = { anonymousId: "other" };
    const beatOther = () => beat(other);
    await beatOther();
    await beat();
    await block("forever");
    expect(await costOf(beatOther)).toEqual({ reads: 1, writes: 0 });
    pass(5 * MINUTE_MS);
    expect(await costOf(beatOther)).toEqual({ reads: 2, writes: 1 });
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

function beat(who = visitor) {
  return t.mutation(api.visitors.heartbeat.beat, who);
}

function act() {
  const action = { ...visitor, action: "click" };
  return t.mutation(api.visitors.action.record, action);
}

function link() {
  return t.mutation(api.visitors.link.user, { ...visitor, userId: "ada" });
}

function endByVisitor() {
  return t.mutation(api.visitors.end.visit, { ...visitor, reason: "bye" });
}

function block(how: Block | undefined, session = visitor) {
  const args = { session, reason: "abuse" };
  return t.mutation(
    api.visitors.block.end,
    how === undefined ? args : { ...args, block: how },
  );
}

function lift() {
  return t.mutation(api.visitors.block.lift, { session: visitor });
}

function shown() {
  return t.query(api.operator.show.get, { id: visitor.anonymousId });
}

type Cursor = FunctionArgs<typeof api.runs.preview.purge>["cursor"];

/** The sessions without a lease that a purge would take. */
function preview(cursor: Cursor = null) {
  const first = { phase: "sessions" as const, at: 0, creationTime: 0, id: "" };
  return t.query(api.runs.preview.purge, { cursor: cursor ?? first });
}

/** Purges by the settings. @returns the anonymousIds of the sessions that are left */
async function purge(): Promise<string[]> {
  await finishRun(t, await startRun(t, "purge"));
  const { sessions } = await expectInvariants(t);
  return sessions.map(({ anonymousId }) => anonymousId);
}

async function seedBlocked(count: number): Promise<void> {
  await t.run(async (ctx) => {
    for (let i = 0; i < count; i += 1) {
      await ctx.db.insert("sessions", {
        anonymousId: `blocked-${i}`,
        createdAt: OLD,
        state: "ended",
        visits: 1,
        actionCount: 0,
        inactiveSince: OLD,
        blockedUntil: "forever",
      });
    }
    await countStates(ctx, { ended: count });
  });
}

async function costOf(call: () => Promise<unknown>) {
  const { transactions } = await record(call);
  const { reads, writes } = totals(transactions);
  return { reads, writes };
}
