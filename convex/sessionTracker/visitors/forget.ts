/** Erasing a visitor, with everything that the component and the app keep of them. */
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

/**
 * The page size by which actions are erased in the visitor's own call, four actions for each session; the other
 * actions follow in scheduled calls.
 */
const ERASE_AT_ONCE = 125;

/**
 * Erases the visitor: the session and its lease at once, the actions as fast as the limits of transactions
 * allow. The app's hook `onPurged` is called in the same transaction, so that the app's own rows go too. Where
 * the hook fails, the visitor is erased all the same, and the call that the hook owes is kept in `hookDebts`.
 */
export const visitor = mutation({
  args: {
    anonymousId: v.string(),
    /**
     * Why the hook is not to be called now but owes its call: it ran out of time, which undid the erasure
     * too.
     */
    hookUnable: v.optional(v.string()),
  },
  returns: v.object({
    erased: v.boolean(),
    sessionId: v.union(v.string(), v.null()),
    /** Number of actions erased, including those that scheduled calls are still to erase. */
    actions: v.number(),
    /** The answer of the app's hook; `null` where the app has no such hook. */
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
