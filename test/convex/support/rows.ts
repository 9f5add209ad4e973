import { expect } from "vitest";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import type { Doc } from "../../../convex/sessionTracker/_generated/dataModel.js";
import type { setUpComponent } from "./setup.js";

export type Component = ReturnType<typeof setUpComponent>;

export interface Rows {
  sessions: Doc<"sessions">[];
  leases: Doc<"leases">[];
  actions: Doc<"actions">[];
}

/** All rows of the three main tables, as only a test may read them. */
export function readRows(t: Component): Promise<Rows> {
  return t.run(async (ctx) => ({
    sessions: await ctx.db.query("sessions").collect(),
    leases: await ctx.db.query("leases").collect(),
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
  const ids = new Set<string>(rows.sessions.map((row) => row._id));
  expect([...actionsOf.keys()].filter((id) => !ids.has(id))).toEqual([]);
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
