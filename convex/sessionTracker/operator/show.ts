/** Reading sessions: lists for the operator, and the active ones for the app. */
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { query, type QueryCtx } from "../_generated/server.js";
import { readCursor, toCursor } from "../rows/cursors.js";
import { checkInteger, fail } from "../shared/errors.js";
import { readSettings } from "../settings/settings.js";
import {
  CLOCK_SLACK_MS,
  DAY_MS,
  isIdle,
  MINUTE_MS,
  vAction,
  vActiveSession,
  vSession,
  vSessionState,
  type ActiveSession,
  type Session,
} from "../shared/shared.js";
import { findBySessionId, findSession } from "../visitors/visits.js";
import { placeOf, take, walkActions, walkCreated } from "../rows/walks.js";

export const vActivity = v.object({
  lastActive: v.number(),
  /** Actions of the current visit. */
  actionCount: v.number(),
  /** Past its idle timeout, though no run has expired it yet: to be shown as expired. */
  idle: v.boolean(),
});

/**
 * Newest created first. Reads cold rows only, so heartbeats do not re-run it; for when the active
 * ones were last seen, ask `activity`.
 */
export const list = query({
  args: {
    state: v.optional(vSessionState),
    limit: v.optional(v.number()),
    cursor: v.optional(v.union(v.string(), v.null())),
  },
  returns: v.object({
    sessions: v.array(vSession),
    cursor: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { state, limit = 100, cursor = null }) => {
    checkInteger("limit", limit, 1, 1_000);
    const after = cursor === null ? null : readCursor(cursor);
    const walked = walkCreated(ctx, { state }, { order: "desc", after });
    const rows = await take(walked, limit);
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return {
      sessions: rows.map(toSession),
      cursor:
        last === undefined ? null : toCursor(placeOf(last.createdAt, last)),
    };
  },
});

/** What the leases of these visitors say; those without one are not active. Heartbeats re-run it. */
export const activity = query({
  args: { anonymousIds: v.array(v.string()) },
  returns: v.array(v.object({ anonymousId: v.string(), ...vActivity.fields })),
  handler: async (ctx, { anonymousIds }) => {
    checkInteger("anonymousIds.length", anonymousIds.length, 0, 1_000);
    const found = [];
    for (const anonymousId of anonymousIds) {
      const lease = await activityOf(ctx, anonymousId);
      if (lease !== null) found.push({ anonymousId, ...lease });
    }
    return found;
  },
});

/** A sessionId is safe to show, so that it may be somebody else's anonymousId. */
const vIdKind = v.union(v.literal("sessionId"), v.literal("anonymousId"));

/**
 * By sessionId or anonymousId, or by the one that `kind` names.
 * @throws ambiguousId `{ sessionId, otherSessionId }`, where it is both: the second has it as anonymousId
 */
export const get = query({
  args: { id: v.string(), kind: v.optional(vIdKind) },
  returns: v.union(
    v.object({ ...vSession.fields, lease: v.union(vActivity, v.null()) }),
    v.null(),
  ),
  handler: async (ctx, { id, kind }) => {
    const row = await findById(ctx, id, kind);
    if (row === null) return null;
    return {
      ...toSession(row),
      lease: await activityOf(ctx, row.anonymousId),
    };
  },
});

/** What a visitor did, newest first. */
export const timeline = query({
  args: {
    sessionId: v.id("sessions"),
    limit: v.optional(v.number()),
    cursor: v.optional(v.union(v.string(), v.null())),
  },
  returns: v.object({
    actions: v.array(vAction),
    cursor: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { sessionId, limit = 50, cursor = null }) => {
    checkInteger("limit", limit, 1, 1_000);
    const after = cursor === null ? null : readCursor(cursor);
    const walked = walkActions(ctx, sessionId, { order: "desc", after });
    const rows = await take(walked, limit);
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return {
      actions: rows.map(({ _id, _creationTime, session, ...what }) => what),
      cursor: last === undefined ? null : toCursor(placeOf(last.at, last)),
    };
  },
});

/**
 * Sessions last active within the last `minutesActive`, newest first. Reads leases, so that it is
 * re-run by heartbeats that write, and by nothing where nobody beats: a reader that stays leaves out
 * itself whose `inactiveForMs` has grown past the window since. Within the idle timeout all are active,
 * a longer window also finds expired ones.
 */
export const active = query({
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

async function activityOf(ctx: QueryCtx, anonymousId: string) {
  const lease = await ctx.db
    .query("leases")
    .withIndex("anonymousId", (q) => q.eq("anonymousId", anonymousId))
    .unique();
  if (lease === null) return null;
  const { lastActive, actionCount } = lease;
  return { lastActive, actionCount, idle: isIdle(lease, Date.now()) };
}

async function findById(
  ctx: QueryCtx,
  id: string,
  kind?: Infer<typeof vIdKind>,
): Promise<Doc<"sessions"> | null> {
  const bySessionId =
    kind === "anonymousId" ? null : await findBySessionId(ctx, id);
  const byAnonymousId =
    kind === "sessionId" ? null : await findSession(ctx, id);
  if (bySessionId !== null && byAnonymousId !== null) {
    const { _id: sessionId, anonymousId } = bySessionId;
    const { _id: otherSessionId } = byAnonymousId;
    fail(
      "ambiguousId",
      `${JSON.stringify(id)} is the sessionId of the visitor with anonymousId ${JSON.stringify(anonymousId)}, and the anonymousId of session ${otherSessionId}: say which is meant, --session-id or --anonymous-id.`,
      { sessionId, otherSessionId },
    );
  }
  return bySessionId ?? byAnonymousId;
}

/** A row as operators see it. */
export function toSession(row: Doc<"sessions">): Session {
  const { _id, _creationTime, inactiveSince, ...session } = row;
  return { sessionId: _id, inactiveSince: inactiveSince ?? null, ...session };
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
