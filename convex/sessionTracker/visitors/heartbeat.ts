/**
 * A visitor's sign of life, the most frequent call of all: this module loads nothing that it does not use.
 */
import { v } from "convex/values";
import { mutation } from "../_generated/server.js";
import {
  isAnonymousId,
  isIdle,
  refuse,
  vTrackResult,
} from "../shared/sessions.js";
import { isFuture } from "../shared/times.js";
import { findLease, findSession } from "../rows/sessions.js";
import { startVisit } from "./startVisit.js";

/**
 * A sign of life: keeps the visit alive, or starts a visit where none is under way. It costs one document read
 * while the last write is younger than the setting `touchAfterMs`, else two reads and one write; only the
 * start of a visit touches anything but the lease.
 */
export const beat = mutation({
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
    // A last activity that a clock wrote which was ahead is set right by the first sign of life.
    if (isFresh && !isFuture(lease.lastActive, now)) {
      return { ok: true as const, sessionId, state: "unchanged" as const };
    }
    await ctx.db.patch("leases", lease._id, { lastActive: now });
    return { ok: true as const, sessionId, state: "touched" as const };
  },
});
