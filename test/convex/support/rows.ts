import { expect } from "vitest";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import type { Doc } from "../../../convex/sessionTracker/_generated/dataModel.js";
import type { setUpComponent } from "./setup.js";

export type Component = ReturnType<typeof setUpComponent>;

export interface Rows {
  sessions: Doc<"sessions">[];
  leases: Doc<"leases">[];
  visits: Doc<"visits">[];
  actions: Doc<"actions">[];
}

/** All rows of the three main tables, as only a test may read them. */
export function readRows(t: Component): Promise<Rows> {
  return t.run(async (ctx) => ({
    sessions: await ctx.db.query("sessions").collect(),
    leases: await ctx.db.query("leases").collect(),
    visits: await ctx.db.query("visits").collect(),
    actions: await ctx.db.query("actions").collect(),
  }));
}

/** Fails unless the invariants of the component's README hold, whatever was done before. */
export async function expectInvariants(t: Component): Promise<Rows> {
  const rows = await readRows(t);
  const byState = {
    total: rows.sessions.length,
    active: 0,
    expired: 0,
    ended: 0,
  };
  const leaseOf = new Map(rows.leases.map((lease) => [lease.session, lease]));
  const actionsOf = new Map<string, number>();
  for (const { session } of rows.actions) {
    actionsOf.set(session, (actionsOf.get(session) ?? 0) + 1);
  }
  for (const session of rows.sessions) {
    const lease = leaseOf.get(session._id);
    const actions = session.actionCount + (lease?.actionCount ?? 0);
    byState[session.state] += 1;
    expect({
      anonymousId: session.anonymousId,
      hasLease: lease !== undefined,
      leaseIsItsOwn:
        lease === undefined || lease.anonymousId === session.anonymousId,
      hasInactiveSince: session.inactiveSince !== undefined,
      hasEndReason:
        session.endReason !== undefined && session.state !== "ended",
      actions,
    }).toEqual({
      anonymousId: session.anonymousId,
      hasLease: session.state === "active",
      leaseIsItsOwn: true,
      hasInactiveSince: session.state !== "active",
      hasEndReason: false,
      actions: actionsOf.get(session._id) ?? 0,
    });
  }
  for (const session of rows.sessions) {
    expectVisits(session, leaseOf.get(session._id), visitsOf(rows, session));
  }
  const ids = new Set<string>(rows.sessions.map((row) => row._id));
  expect([...actionsOf.keys()].filter((id) => !ids.has(id))).toEqual([]);
  expect(rows.visits.filter(({ session }) => !ids.has(session))).toEqual([]);
  // Each active session has one lease, and there is no lease without a session.
  expect(rows.leases).toHaveLength(byState.active);
  expect(new Set(rows.sessions.map((row) => row.anonymousId)).size).toBe(
    byState.total,
  );
  expect((await t.query(api.operator.status.get, {})).sessions).toEqual(
    byState,
  );
  return rows;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function visitsOf({ visits }: Rows, { _id }: Doc<"sessions">) {
  return visits
    .filter(({ session }) => session === _id)
    .toSorted((a, b) => a.startedAt - b.startedAt);
}

function expectVisits(
  session: Doc<"sessions">,
  lease: Doc<"leases"> | undefined,
  rows: Doc<"visits">[],
) {
  const { anonymousId, lastVisit, visitRows = 0, engagedMs = 0 } = session;
  const finished = lastVisit === undefined ? rows : [...rows, lastVisit];
  const ends = finished.map(({ startedAt, endedAt }) => [startedAt, endedAt]);
  const { startedAt = lease?.lastActive ?? Infinity } = lease ?? {};
  const times = [...ends.flat(), startedAt];
  const engaged = finished.map((visit) => visit.engagedMs);
  expect({
    anonymousId,
    visitRows: rows.length,
    hasCountedAll:
      session.visits >= finished.length + (lease === undefined ? 0 : 1),
    isInOrder: times.every((time, i) => i === 0 || time >= times[i - 1]!),
    isWithinLength: finished.every(
      (visit) => visit.engagedMs <= visit.endedAt - visit.startedAt,
    ),
    // Visits may be purged before their session, which keeps the sum.
    engagedMs: engaged.reduce((sum, ms) => sum + ms, 0) <= engagedMs,
  }).toEqual({
    anonymousId,
    visitRows,
    hasCountedAll: true,
    isInOrder: true,
    isWithinLength: true,
    engagedMs: true,
  });
}
