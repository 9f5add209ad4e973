/** Showing one session, and the actions of its visitor. */
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { query, type QueryCtx } from "../_generated/server.js";
import { checkInteger, fail } from "../shared/errors.js";
import { MAX_LISTED } from "../shared/limits.js";
import { placeOf } from "../shared/places.js";
import { vAction, vSession } from "../shared/sessions.js";
import { readCursor, toCursor } from "../rows/cursors.js";
import {
  findBySessionId,
  findLease,
  findSession,
  toActivity,
  toSession,
  vActivity,
} from "../rows/sessions.js";
import { walkActions } from "../rows/walks.js";

/**
 * The kinds of ids that name a session. A visitor may have taken another's sessionId as anonymousId, as it
 * is shown.
 */
const vIdKind = v.union(v.literal("sessionId"), v.literal("anonymousId"));

/**
 * One session, by its sessionId or its anonymousId, whichever matches, or only by that which `kind` names; `null`
 * where there is none.
 * @throws ambiguousId `{ sessionId, otherSessionId }`, where the id is the sessionId of the first session and the
 *   anonymousId of the second
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

/**
 * The actions of a session, newest first: 50, or `limit` of them, up to 1,000. The cursor leads to the next page,
 * and is `null` at the end.
 * @throws invalidArgument
 */
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
    checkInteger("limit", limit, 1, MAX_LISTED);
    const after = cursor === null ? null : readCursor(cursor);
    const walked = walkActions(ctx, sessionId, { order: "desc", after });
    const rows = await walked.take(limit);
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return {
      actions: rows.map(({ _id, _creationTime, session, ...what }) => what),
      cursor: last === undefined ? null : toCursor(placeOf(last.at, last)),
    };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function activityOf(ctx: QueryCtx, anonymousId: string) {
  const lease = await findLease(ctx, anonymousId);
  return lease === null ? null : toActivity(lease, Date.now());
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
