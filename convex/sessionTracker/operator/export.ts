/** Exporting all sessions with all their actions, page by page, in the order of their anonymousIds. */
import { getConvexSize, v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { query, type QueryCtx } from "../_generated/server.js";
import { placeOf, vPlace } from "../shared/places.js";
import { findLease } from "../rows/sessions.js";
import {
  PIECE_BYTES,
  readActions,
  toWhole,
  vWholeSession,
  type PieceAllowance,
  type WholeSession,
} from "../rows/wholeSessions.js";

/** The most of one page: a session takes a query for its lease and one for its actions, of 4,096. */
const MAX_SESSIONS = 1_000;
const MAX_ACTIONS = 8_000;

const vExportCursor = v.object({
  anonymousId: v.string(),
  /** The last action exported of that session; `null` where all its actions are exported. */
  action: v.union(vPlace, v.null()),
});
export type ExportCursor = Infer<typeof vExportCursor>;

/**
 * A page of the export, as all its rows were at one moment. Call again with the answered cursor until it is
 * `null`. A visitor who is there from the first page to the last is exported once, as of the moment of that
 * visitor's page; a visitor who comes or goes in between may be exported or not.
 */
export const page = query({
  args: { cursor: v.union(vExportCursor, v.null()) },
  returns: v.object({
    sessions: v.array(vWholeSession),
    cursor: v.union(vExportCursor, v.null()),
  }),
  handler: async (ctx, { cursor }) => {
    const allowance = { actions: MAX_ACTIONS, bytes: PIECE_BYTES };
    const sessions: WholeSession[] = [];
    for await (const row of sessionsFrom(ctx, cursor)) {
      const { anonymousId } = row;
      const from = anonymousId === cursor?.anonymousId ? cursor.action : null;
      const read = await readActions(ctx, row._id, from, allowance);
      sessions.push(toWhole(row, await lastActiveOf(ctx, row), read));
      const last = read.rows.at(-1);
      if (!read.isComplete && last !== undefined) {
        return {
          sessions,
          cursor: { anonymousId, action: placeOf(last.at, last) },
        };
      }
      allowance.bytes -= getConvexSize(row);
      if (isSpent(allowance) || sessions.length === MAX_SESSIONS) {
        return { sessions, cursor: { anonymousId, action: null } };
      }
    }
    return { sessions, cursor: null };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The sessions from the one that the cursor stops within, or after the one that it has finished. */
function sessionsFrom(ctx: QueryCtx, cursor: ExportCursor | null) {
  const sessions = ctx.db.query("sessions");
  if (cursor === null) return sessions.withIndex("anonymousId");
  const { anonymousId, action } = cursor;
  return sessions.withIndex("anonymousId", (q) =>
    action === null
      ? q.gt("anonymousId", anonymousId)
      : q.gte("anonymousId", anonymousId),
  );
}

async function lastActiveOf(
  ctx: QueryCtx,
  session: Doc<"sessions">,
): Promise<number> {
  if (session.inactiveSince !== undefined) return session.inactiveSince;
  const lease = await findLease(ctx, session.anonymousId);
  if (lease === null) throw new Error(`Session ${session._id} has no lease.`);
  return lease.lastActive;
}

function isSpent({ actions, bytes }: PieceAllowance): boolean {
  return actions < 1 || bytes < 0;
}
