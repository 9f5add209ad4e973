/** Ending a visit at the visitor's own wish, such as a logout. Operators end by `block`. */
import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { mutation, type MutationCtx } from "../_generated/server.js";
import { type BlockedUntil, minuteUnderWay } from "../shared/sessions.js";
import {
  isVisitReport,
  type VisitReport,
  vVisitReport,
  whyOver,
} from "../shared/visits.js";
import { countStates } from "../rows/counters.js";
import { type ClosedVisit, countVisits } from "../rows/days.js";
import { findLease, findSession } from "../rows/sessions.js";
import { changeOf, noteChanges } from "../rows/tallies.js";
import { tellHook, toHookSession } from "../settings/hooks.js";
import { closeVisit, creditLast } from "./closeVisit.js";

/**
 * Ends the visit now. The session stays until it is purged, and a later sign of life revives it, unless an
 * operator has blocked it: that is not for the visitor to do or undo.
 * @returns `ended: false` where no visit was under way; `sessionId: null` where there is no session
 */
export const visit = mutation({
  args: {
    anonymousId: v.string(),
    reason: v.optional(v.string()),
    /** The page's report of the visit at its end; a report of another form is left out of account. */
    visit: v.optional(vVisitReport),
  },
  returns: v.object({
    ended: v.boolean(),
    sessionId: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { anonymousId, reason, visit: report }) => {
    const sent =
      report !== undefined && isVisitReport(report) ? report : undefined;
    const session = await findSession(ctx, anonymousId);
    if (session === null) return { ended: false, sessionId: null };
    const lease = await findLease(ctx, anonymousId);
    if (lease === null) {
      // What somebody has ended, the visitor or an operator, ended then.
      const told = session.state === "expired" ? sent : undefined;
      const late = await creditLast(ctx, session, told, Date.now());
      const { lastVisit, ...engaged } = late;
      if (lastVisit !== undefined) {
        const { inactiveSince = 0 } = session;
        await ctx.db.patch("sessions", session._id, {
          ...engaged,
          lastVisit,
          inactiveSince: Math.max(inactiveSince, lastVisit.endedAt),
        });
      }
      return { ended: false, sessionId: session._id };
    }
    const lastActive = await endVisit(ctx, session, lease, {
      reason,
      report: sent,
    });
    await tellHook(ctx, "onEnded", {
      ...toHookSession(session, lastActive),
      ...(reason === undefined ? {} : { reason }),
    });
    return { ended: true, sessionId: session._id };
  },
});

/** How somebody ends a visit. */
interface Ending {
  /** Kept with the session until the visitor comes back. */
  reason?: string | undefined;
  /** Until when the visitor may not come back. */
  blockedUntil?: BlockedUntil | undefined;
  report?: VisitReport | undefined;
}

/**
 * Ends the visit of a lease, and counts that. Telling the app's hook `onEnded` is left to the caller.
 * @returns when the visitor was last active
 */
export async function endVisit(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  lease: Doc<"leases">,
  how: Ending,
): Promise<number> {
  const { visit, lastActive } = await closeEnded(ctx, session, lease, how);
  await countVisits(ctx, [visit]);
  await countStates(ctx, { active: -1, ended: 1 });
  await noteChanges(ctx, [changeOf(session, "ended")]);
  return lastActive;
}

/** The same without counting, for a caller that ends many visits and counts them at once. */
export async function closeEnded(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  lease: Doc<"leases">,
  { reason, blockedUntil, report }: Ending,
): Promise<{ visit: ClosedVisit; lastActive: number }> {
  const now = Date.now();
  const lastActive = whyOver(lease, now) === "idle" ? lease.lastActive : now;
  const minute = minuteUnderWay(lease.actionMinute, now);
  const visit = await closeVisit(ctx, session, lease, {
    state: "ended",
    inactiveSince: lastActive,
    ...(reason === undefined ? {} : { endReason: reason }),
    ...(blockedUntil === undefined ? {} : { blockedUntil }),
    ...(minute === undefined ? {} : { actionMinute: minute }),
    report,
  });
  return { visit, lastActive };
}
