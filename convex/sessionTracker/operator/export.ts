/** Exporting all sessions with all their visits and actions, page by page, in the order of anonymousIds. */
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { query, type QueryCtx } from "../_generated/server.js";
import { vDay } from "../shared/days.js";
import { vPlace } from "../shared/places.js";
import { byDay, SHARDS } from "../rows/days.js";
import { findLease } from "../rows/sessions.js";
import {
  PIECE_BYTES,
  readWhole,
  vWholeSession,
  type PieceAllowance,
  type PieceEnd,
  type WholeSession,
} from "../rows/wholeSessions.js";

/** The most of one page: a session takes a query for each of its lease, visits and actions, of 4,096. */
const MAX_SESSIONS = 1_000;
/** Visits and actions. */
const MAX_ROWS = 8_000;

const vExportCursor = v.object({
  anonymousId: v.string(),
  /** The last action exported of that session, where the page ended amid them; else `null`. */
  action: v.union(vPlace, v.null()),
  /** The last visit exported of that session, where the page ended amid them. */
  visit: v.optional(vPlace),
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
    const allowance = { rows: MAX_ROWS, bytes: PIECE_BYTES };
    const sessions: WholeSession[] = [];
    for await (const row of sessionsFrom(ctx, cursor)) {
      const { anonymousId } = row;
      const after = anonymousId === cursor?.anonymousId ? endAt(cursor) : null;
      const lease = await leaseOf(ctx, row);
      const { whole, end } = await readWhole(ctx, row, lease, after, allowance);
      sessions.push(whole);
      const isFull = isSpent(allowance) || sessions.length === MAX_SESSIONS;
      if (end !== null || isFull) {
        return { sessions, cursor: cursorAt(anonymousId, end) };
      }
    }
    return { sessions, cursor: null };
  },
});

/** The most days of one page: a day has at most eleven documents. */
const MAX_EXPORTED_DAYS = 500;

/** A page of the figures of days, oldest first. Call again with the last day until there are none. */
export const days = query({
  args: { after: v.union(v.string(), v.null()) },
  returns: v.array(vDay),
  handler: async (ctx, { after }) => {
    const rows = await ctx.db
      .query("days")
      .withIndex("day_shard", (q) => q.gt("day", after ?? ""))
      .take(MAX_EXPORTED_DAYS * SHARDS);
    const days = byDay(rows);
    // The last of many rows may be amid those of their day.
    return rows.length < MAX_EXPORTED_DAYS * SHARDS ? days : days.slice(0, -1);
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The sessions from the one that the cursor stops within, or after the one that it has finished. */
function sessionsFrom(ctx: QueryCtx, cursor: ExportCursor | null) {
  const sessions = ctx.db.query("sessions");
  if (cursor === null) return sessions.withIndex("anonymousId");
  const { anonymousId } = cursor;
  return sessions.withIndex("anonymousId", (q) =>
    endAt(cursor) === null
      ? q.gt("anonymousId", anonymousId)
      : q.gte("anonymousId", anonymousId),
  );
}

function endAt({ action, visit }: ExportCursor): PieceEnd | null {
  if (action !== null) return { table: "actions", place: action };
  return visit === undefined ? null : { table: "visits", place: visit };
}

function cursorAt(anonymousId: string, end: PieceEnd | null): ExportCursor {
  return {
    anonymousId,
    action: end?.table === "actions" ? end.place : null,
    ...(end?.table === "visits" ? { visit: end.place } : {}),
  };
}

async function leaseOf(
  ctx: QueryCtx,
  session: Doc<"sessions">,
): Promise<Doc<"leases"> | null> {
  if (session.state !== "active") return null;
  const lease = await findLease(ctx, session.anonymousId);
  if (lease === null) throw new Error(`Session ${session._id} has no lease.`);
  return lease;
}

function isSpent({ rows, bytes }: PieceAllowance): boolean {
  return rows < 1 || bytes < 0;
}
