/** Who is there now, as the app may show it: without the visitors' credentials. */
import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { query, type QueryCtx } from "../_generated/server.js";
import { checkInteger, fail } from "../shared/errors.js";
import { type ActiveSession, vActiveSession } from "../shared/sessions.js";
import { CLOCK_SLACK_MS, DAY_MS, MINUTE_MS } from "../shared/times.js";
import { readSettings } from "../settings/inForce.js";

/**
 * Sessions last active within the last `minutesActive`, newest first. Reads leases, so that it is
 * re-run by heartbeats that write, and by nothing where nobody beats: a reader that stays leaves out
 * itself whose `inactiveForMs` has grown past the window since. Within the idle timeout all are active,
 * a longer window also finds expired ones.
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
    // Those of a clock that was ahead say nothing about now.
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

/** Times of activity, both ends without and with. */
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

/** Rows looked at for expired ones among those that were ended. */
const MAX_SCANNED = 4_000;

async function expiredWithin(
  ctx: QueryCtx,
  { since, until }: Window,
  limit: number,
): Promise<ActiveSession[]> {
  const inactive = ctx.db
    .query("sessions")
    .withIndex("inactiveSince", (q) =>
      q.gt("inactiveSince", since).lte("inactiveSince", until),
    )
    .order("desc");
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
    // From a time ahead of now, such as an imported one, it counts as now.
    inactiveForMs: Math.max(0, Date.now() - lastActive),
    visits,
    actionCount: actionCount + actionsOfVisit,
    ...(userId === undefined ? {} : { userId }),
  };
}
