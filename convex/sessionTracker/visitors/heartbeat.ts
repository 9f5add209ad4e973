/**
 * A visitor's sign of life, the most frequent call of all: this module loads nothing that it does not use.
 */
import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { mutation, type MutationCtx } from "../_generated/server.js";
import {
  blockOf,
  isAnonymousId,
  refuse,
  revoked,
  vTrackResult,
} from "../shared/sessions.js";
import { isFuture } from "../shared/times.js";
import {
  engagementOf,
  entryOf,
  isVisitReport,
  startOf,
  type VisitReport,
  vVisitReport,
  whyOver,
} from "../shared/visits.js";
import { findLease, findSession } from "../rows/sessions.js";
import { creditLast } from "./closeVisit.js";
import { keepFirstEntry, startVisit, tellStarted } from "./startVisit.js";

/**
 * A sign of life: keeps the visit alive, or starts a visit where none is under way. It costs one document read
 * while the last write is younger than the setting `touchAfterMs`, else two reads and one write; only the
 * start of a visit touches anything but the lease. What the page reports of the visit rides on that write; only
 * where it came from, and what a page that is left has to add, are written at once. That of a blocked visitor
 * reads one document and writes none.
 */
export const beat = mutation({
  args: { anonymousId: v.string(), visit: v.optional(vVisitReport) },
  returns: vTrackResult,
  handler: async (ctx, { anonymousId, visit: report }) => {
    if (!isAnonymousId(anonymousId)) return refuse("invalidAnonymousId");
    if (report !== undefined && !isVisitReport(report)) {
      return refuse("invalidVisit");
    }
    const now = Date.now();
    const lease = await findLease(ctx, anonymousId);
    if (lease === null || whyOver(lease, now) !== null) {
      const session = await findSession(ctx, anonymousId);
      const block = session && blockOf(session, now);
      if (block !== null) return revoked(block, now);
      const visit = await startVisit(
        ctx,
        anonymousId,
        session,
        lease,
        now,
        report,
      );
      if (!visit.ok) return visit;
      await tellStarted(ctx, visit);
      return alive(visit.session, visit.how, visit.startedAt);
    }
    if (report?.startedAt !== undefined && report.startedAt < startOf(lease)) {
      await creditBefore(ctx, anonymousId, report, startOf(lease));
    }
    const told = toldBy(report, lease, now);
    // A last activity that a clock wrote which was ahead is set right by the first sign of life.
    const isFresh =
      now - lease.lastActive < lease.touchAfterMs &&
      !isFuture(lease.lastActive, now);
    const isNews = report?.isLeaving === true && Object.keys(told).length > 0;
    if (isFresh && !isNews && told.entry === undefined) {
      return alive(lease.session, "unchanged", startOf(lease));
    }
    await ctx.db.patch("leases", lease._id, {
      startedAt: startOf(lease),
      lastActive: now,
      ...told,
    });
    if (told.entry !== undefined) {
      await keepFirstEntry(ctx, lease.session, told.entry);
    }
    return alive(lease.session, "touched", startOf(lease));
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function alive<State extends string>(
  sessionId: string,
  state: State,
  visitStartedAt: number,
) {
  return { ok: true as const, sessionId, state, visitStartedAt };
}

/**
 * Takes what is told late of the visit before, which the page did not know to be over: an action started the visit
 * under way, and the visit before it ended by then.
 */
async function creditBefore(
  ctx: MutationCtx,
  anonymousId: string,
  report: VisitReport,
  until: number,
): Promise<void> {
  const session = await findSession(ctx, anonymousId);
  if (session === null) return;
  const patch = await creditLast(ctx, session, report, until);
  if (patch.lastVisit !== undefined) {
    await ctx.db.patch("sessions", session._id, patch);
  }
}

/**
 * What the report tells of the visit under way that its lease does not say yet. An action or a link may have begun
 * the visit before the page's first heartbeat, and knows nothing of where it came from: that is heard then.
 */
function toldBy(
  report: VisitReport | undefined,
  lease: Doc<"leases">,
  now: number,
) {
  const entry = lease.entry === undefined ? entryOf(report) : undefined;
  const path = report?.path === lease.path ? undefined : report?.path;
  return {
    ...engagementOf(lease, report, now),
    ...(path === undefined ? {} : { path }),
    ...(entry === undefined ? {} : { entry }),
  };
}
