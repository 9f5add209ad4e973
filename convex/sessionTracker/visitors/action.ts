/** Actions: what a visitor did, as the app's public function reports it. */
import { getConvexSize, v, type Value } from "convex/values";
import { mutation } from "../_generated/server.js";
import {
  blockOf,
  isAnonymousId,
  MAX_ACTION_NAME,
  MAX_RESOURCE_ID,
  minuteUnderWay,
  type Refusal,
  refuse,
  refuseFor,
  revoked,
  vActionResult,
} from "../shared/sessions.js";
import type { Settings } from "../shared/settings.js";
import { MINUTE_MS } from "../shared/times.js";
import { whyOver } from "../shared/visits.js";
import { countRefusal } from "../rows/refusals.js";
import { findLease, findSession } from "../rows/sessions.js";
import { readSettings } from "../settings/inForce.js";
import { startVisit, tellStarted } from "./startVisit.js";

/**
 * Records what the visitor did, and starts a visit where none is under way. An action over a limit is refused
 * whole, never cut: `invalidAction` for a name or `resourceId` of a wrong length, `metadataTooLarge` beyond the
 * setting `maxMetadataBytes`, `tooManyActions` beyond `maxActionsPerSession`, and with `retryAfterMs` beyond
 * `maxActionsPerMinute`, `tooManySessions` for a new visitor beyond the bounds on these, `revoked` while the visitor
 * is blocked. What the bounds refuse is counted, see `rows/refusals`, and nothing else is written.
 */
export const record = mutation({
  args: {
    anonymousId: v.string(),
    action: v.string(),
    resourceId: v.optional(v.string()),
    metadata: v.optional(v.any()),
  },
  returns: vActionResult,
  handler: async (ctx, { anonymousId, ...what }) => {
    if (!isAnonymousId(anonymousId)) return refuse("invalidAnonymousId");
    const now = Date.now();
    const lease = await findLease(ctx, anonymousId);
    const session = await findSession(ctx, anonymousId);
    const block = session && blockOf(session, now);
    if (block !== null) return revoked(block, now);
    const settings = await readSettings(ctx);
    const recorded = (session?.actionCount ?? 0) + (lease?.actionCount ?? 0);
    const refusal = refusalOf(what, settings);
    if (refusal !== null) return refuse(refusal);
    if (recorded >= settings.maxActionsPerSession) {
      await countRefusal(ctx, "actionsPerSession", now);
      return refuse("tooManyActions");
    }
    const minute = minuteUnderWay((lease ?? session)?.actionMinute, now);
    const { startedAt, actions } = minute ?? { startedAt: now, actions: 0 };
    const { maxActionsPerMinute } = settings;
    if (maxActionsPerMinute !== "never" && actions >= maxActionsPerMinute) {
      await countRefusal(ctx, "actionsPerMinute", now);
      return refuseFor("tooManyActions", startedAt + MINUTE_MS - now);
    }

    const visit =
      lease === null || whyOver(lease, now) !== null
        ? await startVisit(ctx, anonymousId, session, lease, now)
        : {
            ok: true as const,
            session: lease.session,
            lease: lease._id,
            actionCount: lease.actionCount,
            started: null,
          };
    if (!visit.ok) return visit;
    await ctx.db.insert("actions", {
      session: visit.session,
      at: now,
      ...what,
    });
    await ctx.db.patch("leases", visit.lease, {
      actionCount: visit.actionCount + 1,
      actionMinute: { startedAt, actions: actions + 1 },
      lastActive: now,
    });
    const { started } = visit;
    if (started !== null) await tellStarted(ctx, { started });
    return { ok: true as const, sessionId: visit.session };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function refusalOf(
  what: { action: string; resourceId?: string; metadata?: Value },
  settings: Settings,
): Refusal | null {
  const { action, resourceId = "", metadata } = what;
  if (action.length === 0 || action.length > MAX_ACTION_NAME) {
    return "invalidAction";
  }
  if (resourceId.length > MAX_RESOURCE_ID) return "invalidAction";
  const sizeBytes = metadata === undefined ? 0 : getConvexSize(metadata);
  return sizeBytes > settings.maxMetadataBytes ? "metadataTooLarge" : null;
}
