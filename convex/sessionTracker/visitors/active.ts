/** The sessions of a time window, as the app may show them: without the visitors' credentials. */
import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { query, type QueryCtx } from "../_generated/server.js";
import { checkInteger, fail } from "../shared/errors.js";
import { type ActiveSession, vActiveSession } from "../shared/sessions.js";
import { CLOCK_SLACK_MS, DAY_MS, MINUTE_MS } from "../shared/times.js";
import { walkInactive } from "../rows/walks.js";
import { readSettings } from "../settings/inForce.js";

/**
 * Sessions last active within the last `minutesActive`, newest first. A window up to the idle timeout holds
 * active sessions only; a longer window also holds expired ones.
 *
 * The query reads leases, so that heartbeats which write re-run it. While nobody beats nothing re-runs it: a
 * subscriber has to leave out for itself the sessions whose `inactiveForMs` has meanwhile grown past the window.
 * @throws invalidArgument for a `limit` that is not from 1 to 1,000, or a window beyond ten years
 */
export const list = query({
  args: { minutesActive: v.number(), limit: v.number() },
  returns: v.array(vActiveSession),
  handler: async (ctx, { minutesActive, limit }) => {
    checkInteger("limit", limit, 1, 1_000);
    const windowMs = minutesActive * MINUTE_MS;
    if (!(windowMs > 0 && windowMs <= 3_650 * DAY_MS)) {
      fail(
        "invalidArgument",
        `minutesActive must be more than 0 and at most ten years, got ${minutesActive}.`,
        { argument: "minutesActive" },
      );
    }
    const now = Date.now();
    // Times that a clock stored which was ahead say nothing about now, and are left out.
    const window = { since: now - windowMs, until: now + CLOCK_SLACK_MS };
    const live = await activeWithin(ctx, window, limit);
    const { idleTimeoutMs } = await readSettings(ctx);
    if (windowMs <= idleTimeoutMs) return live;
    const expired = await expiredWithin(ctx, window, limit);
    return [...live, ...expired]
      .sort((a, b) => b.lastActive - a.lastActive)
      .slice(0, limit);
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** A window of times of last activity, in ms since the epoch: `since` is not included, `until` is. */
interface Window {
  since: number;
  until: number;
}

async function activeWithin(
  ctx: QueryCtx,
  { since, until }: Window,
  limit: number,
): Promise<ActiveSession[]> {
  const leases = await ctx.db
    .query("leases")
    .withIndex("lastActive", (q) =>
      q.gt("lastActive", since).lte("lastActive", until),
    )
    .order("desc")
    .take(limit);
  const sessions: ActiveSession[] = [];
  for (const lease of leases) {
    const session = await ctx.db.get("sessions", lease.session);
    if (session === null) continue;
    sessions.push(
      toActiveSession(session, lease.lastActive, lease.actionCount),
    );
  }
  return sessions;
}

/**
 * The most inactive sessions that are read in search of expired ones: those that were ended lie among them.
 */
const MAX_SCANNED = 4_000;

async function expiredWithin(
  ctx: QueryCtx,
  { since, until }: Window,
  limit: number,
): Promise<ActiveSession[]> {
  const inactive = walkInactive(ctx, {
    order: "desc",
    after: null,
    from: since + 1,
    before: until + 1,
  });
  const sessions: ActiveSession[] = [];
  let scanned = 0;
  for await (const session of inactive) {
    if (sessions.length === limit || scanned === MAX_SCANNED) break;
    scanned += 1;
    if (session.state !== "expired") continue;
    sessions.push(toActiveSession(session, session.inactiveSince ?? 0, 0));
  }
  return sessions;
}

function toActiveSession(
  { _id, createdAt, visits, actionCount, userId }: Doc<"sessions">,
  lastActive: number,
  actionsOfVisit: number,
): ActiveSession {
  return {
    sessionId: _id,
    createdAt,
    lastActive,
    // A last activity ahead of now, such as an imported one, counts as now.
    inactiveForMs: Math.max(0, Date.now() - lastActive),
    visits,
    actionCount: actionCount + actionsOfVisit,
    ...(userId === undefined ? {} : { userId }),
  };
}
