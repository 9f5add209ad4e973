/** Erasing a visitor, with everything that the component and the app keep of them. */
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Id } from "../_generated/dataModel.js";
import {
  internalMutation,
  mutation,
  type MutationCtx,
} from "../_generated/server.js";
import { checkReason } from "../shared/errors.js";
import { isIdle } from "../shared/visits.js";
import { audit } from "../rows/audit.js";
import { countStates } from "../rows/counters.js";
import { closed, countVisits } from "../rows/days.js";
import { deleteRowsOf, openAllowance } from "../rows/deletes.js";
import { noteErased } from "../rows/erasures.js";
import { findLease, findSession } from "../rows/sessions.js";
import { changeOf, noteChanges } from "../rows/tallies.js";
import { tellErased, vTold } from "../settings/hookDebts.js";
import { toHookSession } from "../settings/hooks.js";
import { visitOf } from "./closeVisit.js";

/**
 * The page size by which rows are erased in the visitor's own call, four rows for each session; the other
 * rows follow in scheduled calls.
 */
const ERASE_AT_ONCE = 125;

/**
 * Erases the visitor: the session and its lease at once, visits and actions as fast as the limits of
 * transactions allow. The visit under way is added to the figures of its day, which name nobody. The app's hook
 * `onPurged` is called in the same transaction, so that the app's own rows go too. Where the hook fails, the
 * visitor is erased all the same, and the call that the hook owes is kept in `hookDebts`. What stays is a digest,
 * by which an import of older rows brings nobody back, see `rows/erasures`. A block goes with the session.
 * @throws invalidArgument for an empty reason
 */
export const visitor = mutation({
  args: {
    anonymousId: v.string(),
    /**
     * Why the hook is not to be called now but owes its call: it ran out of time, which undid the erasure
     * too.
     */
    hookUnable: v.optional(v.string()),
    /** Who erases the visitor, for the audit log; left out where visitors erase themselves, which is not in it. */
    actor: v.optional(v.string()),
    /** Why, for the audit log. */
    reason: v.optional(v.string()),
  },
  returns: v.object({
    erased: v.boolean(),
    sessionId: v.union(v.string(), v.null()),
    /** Number of actions erased, including those that scheduled calls are still to erase. */
    actions: v.number(),
    /** The answer of the app's hook; `null` where the app has no such hook. */
    told: v.union(vTold, v.null()),
  }),
  handler: async (ctx, { anonymousId, hookUnable, actor, reason }) => {
    checkReason(reason);
    const session = await findSession(ctx, anonymousId);
    if (session === null) {
      return { erased: false, sessionId: null, actions: 0, told: null };
    }
    const lease = await findLease(ctx, anonymousId);
    if (lease !== null) {
      const now = Date.now();
      const endedAt = isIdle(lease, now) ? lease.lastActive : now;
      const visit = visitOf(session, lease, endedAt, "ended");
      await countVisits(ctx, [closed(visit, session.visits === 1)]);
      await ctx.db.delete("leases", lease._id);
    }
    await ctx.db.delete("sessions", session._id);
    await countStates(ctx, { [session.state]: -1 });
    await noteChanges(ctx, [changeOf(session, null)]);
    await noteErased(ctx, session);
    const lastActive = lease?.lastActive ?? session.inactiveSince ?? 0;
    const told = await tellErased(
      ctx,
      toHookSession(session, lastActive),
      hookUnable,
    );
    const actions = session.actionCount + (lease?.actionCount ?? 0);
    const { visitRows = 0 } = session;
    if (actions + visitRows > 0) await eraseRowsOf(ctx, session._id);
    if (actor !== undefined) {
      await audit(ctx, {
        what: "session.forgotten",
        actor,
        ...(reason === undefined ? {} : { reason }),
        target: session._id,
        counts: { sessions: 1, visits: session.visits, actions },
      });
    }
    return { erased: true, sessionId: session._id, actions, told };
  },
});

/** Erases the visits and actions that did not fit the visitor's own call. */
export const rest = internalMutation({
  args: { session: v.id("sessions") },
  returns: v.null(),
  handler: async (ctx, { session }) => {
    await eraseRowsOf(ctx, session);
    return null;
  },
});

/** The name by which 0.1 scheduled `rest`, so that an erasure which an upgrade interrupts goes on. */
export const actions = rest;

// ── Helpers ─────────────────────────────────────────────────────────────────

async function eraseRowsOf(
  ctx: MutationCtx,
  session: Id<"sessions">,
): Promise<void> {
  const allowance = await openAllowance(ctx, ERASE_AT_ONCE);
  const visits = await deleteRowsOf(ctx, "visits", session, allowance);
  const actions = await deleteRowsOf(ctx, "actions", session, allowance);
  if (visits.isDone && actions.isDone) return;
  await ctx.scheduler.runAfter(0, internal.visitors.forget.rest, { session });
}
