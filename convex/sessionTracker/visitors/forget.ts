/** Erasing a visitor, with all that the component and the app keep of them. */
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Id } from "../_generated/dataModel.js";
import {
  internalMutation,
  mutation,
  type MutationCtx,
} from "../_generated/server.js";
import { countStates } from "../rows/counters.js";
import { deleteActions, openAllowance } from "../rows/deletes.js";
import { findLease, findSession } from "../rows/sessions.js";
import { changeOf, noteChanges } from "../rows/tallies.js";
import { tellErased, toHookSession, vTold } from "../settings/hooks.js";

/** Sessions' worth of actions erased in the visitor's own call; the rest follows in calls of its own. */
const ERASE_AT_ONCE = 125;

/**
 * Erases the visitor: the session and its lease at once, the actions as fast as limits allow. The
 * app's hook `onPurged` hears of it in the same transaction, so that the app's own rows go too; where
 * it fails, the visitor is erased all the same, and what the app still owes is kept in `hookDebts`.
 */
export const visitor = mutation({
  args: {
    anonymousId: v.string(),
    /** Why the hook is not to be called, but is owed: it ran out of time, and took the erasure with it. */
    hookUnable: v.optional(v.string()),
  },
  returns: v.object({
    erased: v.boolean(),
    sessionId: v.union(v.string(), v.null()),
    /** Actions erased, those still on their way included. */
    actions: v.number(),
    /** What the app's hook said; `null` where there is none. */
    told: v.union(vTold, v.null()),
  }),
  handler: async (ctx, { anonymousId, hookUnable }) => {
    const session = await findSession(ctx, anonymousId);
    if (session === null) {
      return { erased: false, sessionId: null, actions: 0, told: null };
    }
    const lease = await findLease(ctx, anonymousId);
    if (lease !== null) await ctx.db.delete("leases", lease._id);
    await ctx.db.delete("sessions", session._id);
    await countStates(ctx, { [session.state]: -1 });
    await noteChanges(ctx, [changeOf(session, null)]);
    const lastActive = lease?.lastActive ?? session.inactiveSince ?? 0;
    const told = await tellErased(
      ctx,
      toHookSession(session, lastActive),
      hookUnable,
    );
    const actions = session.actionCount + (lease?.actionCount ?? 0);
    if (actions > 0) await eraseActionsOf(ctx, session._id);
    return { erased: true, sessionId: session._id, actions, told };
  },
});

export const actions = internalMutation({
  args: { session: v.id("sessions") },
  returns: v.null(),
  handler: async (ctx, { session }) => {
    await eraseActionsOf(ctx, session);
    return null;
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function eraseActionsOf(
  ctx: MutationCtx,
  session: Id<"sessions">,
): Promise<void> {
  const allowance = await openAllowance(ctx, ERASE_AT_ONCE);
  const { isDone } = await deleteActions(ctx, session, allowance);
  if (isDone) return;
  await ctx.scheduler.runAfter(0, internal.visitors.forget.actions, {
    session,
  });
}
