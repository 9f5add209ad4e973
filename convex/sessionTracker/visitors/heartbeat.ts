/** What the app's public functions call for a visitor. Nothing here returns someone else's data. */
import { getConvexSize, v, type Value } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Id } from "../_generated/dataModel.js";
import {
  internalMutation,
  mutation,
  type MutationCtx,
} from "../_generated/server.js";
import { fail } from "../shared/errors.js";
import { readSettings } from "../settings/settings.js";
import {
  isAnonymousId,
  isFuture,
  isIdle,
  MAX_ACTION_NAME,
  MAX_RESOURCE_ID,
  vActionResult,
  vTrackResult,
  type Refusal,
  type Settings,
} from "../shared/shared.js";
import { tellErased, toHookSession, vTold } from "../settings/hooks.js";
import { deleteActions, openBudget } from "../runs/page.js";
import { countStates } from "../rows/counters.js";
import { changeOf, noteChanges } from "../rows/tallies.js";
import { closeVisit, findLease, findSession, startVisit } from "./visits.js";

/**
 * A sign of life. Costs one document read while the last write is younger than `touchAfter`,
 * else two reads and one write; only the start of a visit touches anything but the lease.
 */
export const heartbeat = mutation({
  args: { anonymousId: v.string() },
  returns: vTrackResult,
  handler: async (ctx, { anonymousId }) => {
    if (!isAnonymousId(anonymousId)) return refuse("invalidAnonymousId");
    const now = Date.now();
    const lease = await findLease(ctx, anonymousId);
    if (lease === null || isIdle(lease, now)) {
      const session = await findSession(ctx, anonymousId);
      const visit = await startVisit(ctx, anonymousId, session, lease, now);
      if (visit === null) return refuse("invalidAnonymousId");
      return { ok: true as const, sessionId: visit.session, state: visit.how };
    }
    const sessionId = lease.session;
    const isFresh = now - lease.lastActive < lease.touchAfterMs;
    // One that a clock wrote which was ahead is set right by the first sign of life.
    if (isFresh && !isFuture(lease.lastActive, now)) {
      return { ok: true as const, sessionId, state: "unchanged" as const };
    }
    await ctx.db.patch("leases", lease._id, { lastActive: now });
    return { ok: true as const, sessionId, state: "touched" as const };
  },
});

/** Records what the visitor did, and starts a visit where none is. Over a cap: refused, never cut. */
export const action = mutation({
  args: {
    anonymousId: v.string(),
    action: v.string(),
    resourceId: v.optional(v.string()),
    metadata: v.optional(v.any()),
  },
  returns: vActionResult,
  handler: async (ctx, { anonymousId, ...what }) => {
    if (!isAnonymousId(anonymousId)) return refuse("invalidAnonymousId");
    const settings = await readSettings(ctx);
    const lease = await findLease(ctx, anonymousId);
    const session = await findSession(ctx, anonymousId);
    const recorded = (session?.actionCount ?? 0) + (lease?.actionCount ?? 0);
    const refusal = refusalOf(what, recorded, settings);
    if (refusal !== null) return refuse(refusal);

    const now = Date.now();
    const visit =
      lease === null || isIdle(lease, now)
        ? await startVisit(ctx, anonymousId, session, lease, now)
        : {
            session: lease.session,
            lease: lease._id,
            actionCount: lease.actionCount,
          };
    if (visit === null) return refuse("invalidAnonymousId");
    await ctx.db.insert("actions", {
      session: visit.session,
      at: now,
      ...what,
    });
    await ctx.db.patch("leases", visit.lease, {
      actionCount: visit.actionCount + 1,
      lastActive: now,
    });
    return { ok: true as const, sessionId: visit.session };
  },
});

/** Ends the visit now; the session stays until it is purged, and a later sign of life revives it. */
export const end = mutation({
  args: { anonymousId: v.string(), reason: v.optional(v.string()) },
  returns: v.object({
    ended: v.boolean(),
    sessionId: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { anonymousId, reason }) => {
    const session = await findSession(ctx, anonymousId);
    const lease = await findLease(ctx, anonymousId);
    if (session === null || lease === null) {
      return { ended: false, sessionId: session?._id ?? null };
    }
    const now = Date.now();
    await closeVisit(ctx, session, lease, {
      state: "ended",
      inactiveSince: isIdle(lease, now) ? lease.lastActive : now,
      ...(reason === undefined ? {} : { endReason: reason }),
    });
    await countStates(ctx, { active: -1, ended: 1 });
    await noteChanges(ctx, [changeOf(session, "ended")]);
    return { ended: true, sessionId: session._id };
  },
});

/** Sessions' worth of actions erased in the visitor's own call; the rest follows in calls of its own. */
const ERASE_AT_ONCE = 125;

/**
 * Erases the visitor: the session and its lease at once, the actions as fast as limits allow. The
 * app's hook `onPurged` hears of it in the same transaction, so that the app's own rows go too; where
 * it fails, the visitor is erased all the same, and what the app still owes is kept in `hookDebts`.
 */
export const forget = mutation({
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

export const eraseActions = internalMutation({
  args: { session: v.id("sessions") },
  returns: v.null(),
  handler: async (ctx, { session }) => {
    await eraseActionsOf(ctx, session);
    return null;
  },
});

/** Says which of the app's users this visitor is; creates the session where none is. */
export const link = mutation({
  args: { anonymousId: v.string(), userId: v.string() },
  returns: v.object({ sessionId: v.string(), userId: v.string() }),
  handler: async (ctx, { anonymousId, userId }) => {
    const existing = isAnonymousId(anonymousId)
      ? await findSession(ctx, anonymousId)
      : fail(
          "invalidAnonymousId",
          "anonymousId must be 1 to 128 letters, digits or _ - . :",
        );
    const sessionId =
      existing?._id ??
      (await startVisit(ctx, anonymousId, null, null, Date.now()))?.session ??
      fail(
        "invalidAnonymousId",
        "anonymousId must not be the sessionId of another visitor",
      );
    if (existing?.userId !== userId) {
      await ctx.db.patch("sessions", sessionId, { userId });
    }
    return { sessionId, userId };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function refusalOf(
  what: { action: string; resourceId?: string; metadata?: Value },
  recorded: number,
  settings: Settings,
): Refusal | null {
  const { action, resourceId = "", metadata } = what;
  if (action.length === 0 || action.length > MAX_ACTION_NAME) {
    return "invalidAction";
  }
  if (resourceId.length > MAX_RESOURCE_ID) return "invalidAction";
  if (recorded >= settings.maxActionsPerSession) return "tooManyActions";
  const sizeBytes = metadata === undefined ? 0 : getConvexSize(metadata);
  return sizeBytes > settings.maxMetadataBytes ? "metadataTooLarge" : null;
}

function refuse(reason: Refusal) {
  return { ok: false as const, reason };
}

async function eraseActionsOf(
  ctx: MutationCtx,
  session: Id<"sessions">,
): Promise<void> {
  const budget = await openBudget(ctx, ERASE_AT_ONCE);
  const { isDone } = await deleteActions(ctx, session, budget);
  if (isDone) return;
  await ctx.scheduler.runAfter(0, internal.visitors.heartbeat.eraseActions, {
    session,
  });
}
