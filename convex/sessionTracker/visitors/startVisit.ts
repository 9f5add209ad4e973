/** How a visit starts. */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { countStates } from "../rows/counters.js";
import { findBySessionId } from "../rows/sessions.js";
import { changeOf, noteChanges } from "../rows/tallies.js";
import { readSettings } from "../settings/inForce.js";

/**
 * Starts a visit: the visitor's first, the next after the session expired or ended, or the next after an idle
 * lease that no run has expired yet, so that visits do not depend on when runs happen.
 * @returns `null` for a new visitor whose anonymousId is the sessionId of another visitor: operators name
 *   sessions by either id
 */
export async function startVisit(
  ctx: MutationCtx,
  anonymousId: string,
  session: Doc<"sessions"> | null,
  idleLease: Doc<"leases"> | null,
  now: number,
) {
  const { touchAfterMs, idleTimeoutMs } = await readSettings(ctx);
  const terms = {
    lastActive: now,
    actionCount: 0,
    touchAfterMs,
    idleTimeoutMs,
  };
  const lease = (id: Id<"sessions">) =>
    ctx.db.insert("leases", { anonymousId, session: id, ...terms });

  if (session === null) {
    if ((await findBySessionId(ctx, anonymousId)) !== null) return null;
    const created = await ctx.db.insert("sessions", {
      anonymousId,
      createdAt: now,
      state: "active",
      visits: 1,
      actionCount: 0,
    });
    await countStates(ctx, { active: 1 });
    await noteChanges(ctx, [{ session: created, from: null, to: "active" }]);
    return visit(created, await lease(created), "created");
  }
  const visits = session.visits + 1;
  if (idleLease !== null) {
    await ctx.db.patch("sessions", session._id, {
      visits,
      actionCount: session.actionCount + idleLease.actionCount,
    });
    await ctx.db.patch("leases", idleLease._id, terms);
    return visit(session._id, idleLease._id, "revived");
  }
  await ctx.db.patch("sessions", session._id, {
    state: "active",
    visits,
    inactiveSince: undefined,
    endReason: undefined,
  });
  await countStates(ctx, { [session.state]: -1, active: 1 });
  await noteChanges(ctx, [changeOf(session, "active")]);
  return visit(session._id, await lease(session._id), "revived");
}

function visit<How extends "created" | "revived">(
  session: Id<"sessions">,
  lease: Id<"leases">,
  how: How,
) {
  return { session, lease, how, actionCount: 0 };
}
