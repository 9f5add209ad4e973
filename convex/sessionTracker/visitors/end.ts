/** Ending a visit at the visitor's own wish, such as a logout. */
import { v } from "convex/values";
import { mutation } from "../_generated/server.js";
import { isVisitReport, vVisitReport, whyOver } from "../shared/visits.js";
import { countStates } from "../rows/counters.js";
import { countVisits } from "../rows/days.js";
import { findLease, findSession } from "../rows/sessions.js";
import { changeOf, noteChanges } from "../rows/tallies.js";
import { closeVisit } from "./closeVisit.js";

/**
 * Ends the visit now. The session stays until it is purged, and a later sign of life revives it.
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
    const session = await findSession(ctx, anonymousId);
    const lease = await findLease(ctx, anonymousId);
    if (session === null || lease === null) {
      return { ended: false, sessionId: session?._id ?? null };
    }
    const now = Date.now();
    const closed = await closeVisit(ctx, session, lease, {
      state: "ended",
      inactiveSince: whyOver(lease, now) === "idle" ? lease.lastActive : now,
      ...(reason === undefined ? {} : { endReason: reason }),
      report:
        report !== undefined && isVisitReport(report) ? report : undefined,
    });
    await countVisits(ctx, [closed]);
    await countStates(ctx, { active: -1, ended: 1 });
    await noteChanges(ctx, [changeOf(session, "ended")]);
    return { ended: true, sessionId: session._id };
  },
});
