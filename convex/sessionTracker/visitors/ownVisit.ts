/** A visitor's look at their own visit. */
import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { query } from "../_generated/server.js";
import { type OwnVisit, vOwnVisit } from "../shared/sessionVisits.js";
import { blockOf } from "../shared/sessions.js";
import { startOf, whyOver } from "../shared/visits.js";
import { findLease, findSession } from "../rows/sessions.js";

/**
 * The visit under way, else the last one; `null` where the component knows of none. Two documents are read,
 * both the visitor's own, so that it is re-run when this visitor comes, beats, acts or goes, and by nobody else.
 * Time alone re-runs no query: to a subscriber a visit that runs out stays under way until a run closes it, and
 * a block that is over stands until the visitor's next sign of life.
 */
export const get = query({
  // Not by sessionId, which is no secret: only the visitor has the anonymousId.
  args: { anonymousId: v.string() },
  returns: v.union(vOwnVisit, v.null()),
  handler: async (ctx, { anonymousId }) => {
    const session = await findSession(ctx, anonymousId);
    if (session === null) return null;
    const lease = await findLease(ctx, anonymousId);
    return lease === null
      ? lastVisitOf(session, Date.now())
      : visitOfLease(session, lease, Date.now());
  },
});

/**
 * The user whose the visitor is, live: one document is read, which a visit's start and end, a link and a block
 * write, but no heartbeat.
 * @returns `null` where there is no session
 */
export const user = query({
  args: { anonymousId: v.string() },
  returns: v.union(
    v.object({ userId: v.union(v.string(), v.null()) }),
    v.null(),
  ),
  handler: async (ctx, { anonymousId }) => {
    const session = await findSession(ctx, anonymousId);
    return session && { userId: session.userId ?? null };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function visitOfLease(
  { visits }: Doc<"sessions">,
  lease: Doc<"leases">,
  now: number,
): OwnVisit {
  const { lastActive, engagedMs = 0, actionCount, entry, path } = lease;
  return {
    startedAt: startOf(lease),
    lastActive,
    engagedMs,
    actions: actionCount,
    ...(entry === undefined ? {} : { entry }),
    ...(path === undefined ? {} : { path }),
    why: whyOver(lease, now),
    visits,
  };
}

/** `null` for a session of before visits were kept, or that was imported without any. */
function lastVisitOf(session: Doc<"sessions">, now: number): OwnVisit | null {
  const { lastVisit, visits } = session;
  if (lastVisit === undefined) return null;
  const blockedUntil = blockOf(session, now);
  const { startedAt, endedAt, engagedMs, actions, entry } = lastVisit;
  const { exitPath, why } = lastVisit;
  return {
    startedAt,
    lastActive: endedAt,
    engagedMs,
    actions,
    ...(entry === undefined ? {} : { entry }),
    ...(exitPath === undefined ? {} : { path: exitPath }),
    why,
    visits,
    ...(blockedUntil === null ? {} : { blockedUntil }),
  };
}
