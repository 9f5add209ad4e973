/**
 * What operators and the app's own code may do that a visitor may not: ending a visit with a block, and
 * lifting the block. A blocked session is ended, so that it has no lease: only a call that finds no lease looks
 * for a block, in the session that it reads anyway, and heartbeats of others cost nothing more.
 */
import { v } from "convex/values";
import { mutation } from "../_generated/server.js";
import { checkInteger, checkReason } from "../shared/errors.js";
import {
  type Block,
  type BlockedUntil,
  blockOf,
  vBlock,
  vBlockedUntil,
  vSessionOf,
} from "../shared/sessions.js";
import { DAY_MS } from "../shared/times.js";
import { audit } from "../rows/audit.js";
import { countStates } from "../rows/counters.js";
import { findLease, findOne } from "../rows/sessions.js";
import { changeOf, noteChanges } from "../rows/tallies.js";
import { tellHook, toHookSession } from "../settings/hooks.js";
import { endVisit } from "./end.js";

/**
 * Ends the visit under way, if any, and with `block` keeps the visitor from coming back before it is over: a
 * session that has expired or ended already is blocked, too, in place of any block that it has. Without
 * `block` a block that there is stays. The app's hook `onEnded` is told of a visit that ended and of a block; the
 * session is ended and blocked also where the hook fails.
 * @returns `sessionId: null` where there is no session; then nobody is blocked
 * @throws invalidArgument `{ argument: "block.forMs" }` or `{ argument: "reason" }`
 */
export const end = mutation({
  args: {
    session: vSessionOf,
    /** Kept with the session until the visitor comes back. */
    reason: v.optional(v.string()),
    block: v.optional(vBlock),
    /** Who does it, for the audit log. @default app */
    actor: v.optional(v.string()),
  },
  returns: v.object({
    /** `false`: no visit was under way. */
    ended: v.boolean(),
    sessionId: v.union(v.string(), v.null()),
    /** When the block that is now in force ends, in ms since the epoch; `null` where there is none. */
    blockedUntil: v.union(vBlockedUntil, v.null()),
  }),
  handler: async (ctx, { session: id, reason, block, actor = "app" }) => {
    checkReason(reason);
    const now = Date.now();
    const until = block === undefined ? undefined : endOfBlock(block, now);
    const session = await findOne(ctx, id);
    if (session === null) {
      return { ended: false, sessionId: null, blockedUntil: null };
    }
    const { _id: sessionId, state } = session;
    const lease = await findLease(ctx, session.anonymousId);
    const lastActive =
      lease === null
        ? (session.inactiveSince ?? 0)
        : await endVisit(ctx, session, lease, { reason });
    const ended = {
      ...toHookSession(session, lastActive),
      ...(reason === undefined ? {} : { reason }),
    };
    if (lease !== null || until !== undefined) {
      await audit(ctx, {
        what: until === undefined ? "session.ended" : "session.blocked",
        actor,
        ...(reason === undefined ? {} : { reason }),
        target: sessionId,
        before: { state },
        ...(until === undefined ? {} : { after: { blockedUntil: until } }),
      });
    }
    if (until === undefined) {
      if (lease !== null) await tellHook(ctx, "onEnded", ended);
      const blockedUntil = lease === null ? blockOf(session, now) : null;
      return { ended: lease !== null, sessionId, blockedUntil };
    }
    await ctx.db.patch("sessions", sessionId, {
      state: "ended",
      blockedUntil: until,
      ...(reason === undefined ? {} : { endReason: reason }),
    });
    if (lease === null && state !== "ended") {
      await countStates(ctx, { [state]: -1, ended: 1 });
      await noteChanges(ctx, [changeOf(session, "ended")]);
    }
    await tellHook(ctx, "onEnded", { ...ended, blockedUntil: until });
    return { ended: lease !== null, sessionId, blockedUntil: until };
  },
});

/**
 * Lifts the block of a session, which stays ended until the visitor's next sign of life.
 * @returns `unblocked: false` where no block was in force
 * @throws invalidArgument `{ argument: "reason" }`
 */
export const lift = mutation({
  args: {
    session: vSessionOf,
    /** Who does it, for the audit log. @default app */
    actor: v.optional(v.string()),
    /** Why, for the audit log. */
    reason: v.optional(v.string()),
  },
  returns: v.object({
    unblocked: v.boolean(),
    sessionId: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { session: id, actor = "app", reason }) => {
    checkReason(reason);
    const session = await findOne(ctx, id);
    if (session === null) return { unblocked: false, sessionId: null };
    const { _id: sessionId } = session;
    const blockedUntil = blockOf(session, Date.now());
    if (blockedUntil === null) {
      return { unblocked: false, sessionId };
    }
    await ctx.db.patch("sessions", sessionId, { blockedUntil: undefined });
    await audit(ctx, {
      what: "session.unblocked",
      actor,
      ...(reason === undefined ? {} : { reason }),
      target: sessionId,
      before: { blockedUntil },
    });
    return { unblocked: true, sessionId };
  },
});

/** The longest block that ends: a hundred years of 365 days. */
const MAX_BLOCK_MS = 36_500 * DAY_MS;

/** @throws invalidArgument `{ argument: "block.forMs" }` for what is not a whole number of ms, 1 or more */
export function endOfBlock(block: Block, now: number): BlockedUntil {
  return block === "forever"
    ? block
    : now + checkInteger("block.forMs", block.forMs, 1, MAX_BLOCK_MS);
}
