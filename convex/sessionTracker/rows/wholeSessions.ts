/**
 * Whole sessions: each with all its visits and actions, in pieces of bounded size. Exports and archives are
 * made of such pieces. A session whose rows do not fit one piece goes on in the next: first its visits, then
 * its actions.
 */
import { getConvexSize, v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { toOpenVisit, vOpenVisit } from "../shared/transfer/openVisits.js";
import { placeOf, type Place } from "../shared/places.js";
import { vAction, vSession } from "../shared/sessions.js";
import { vVisit } from "../shared/visits.js";
import { toSession } from "./sessions.js";
import { walkActions, walkVisits, type Walk } from "./walks.js";

export const vWholeSession = v.object({
  session: vSession,
  /** When the visitor was last active, in ms since the epoch, whether or not the session still is active. */
  lastActive: v.number(),
  /** The visit under way; `null` where the session is not active. */
  underWay: v.union(vOpenVisit, v.null()),
  /**
   * The session's rows of `visits` in this piece, oldest first. Its last visit, which has none, is in
   * `session`.
   */
  visits: v.array(vVisit),
  /** Number of the session's rows of `visits`, in whichever piece. */
  visitRows: v.number(),
  /** The session's actions in this piece, oldest first. */
  actions: v.array(vAction),
  /** `false` where more rows follow in the next piece, which only the last session of a piece can say. */
  isComplete: v.boolean(),
});
export type WholeSession = Infer<typeof vWholeSession>;

/** The number of rows (visits and actions), and of bytes, that a piece may still take. */
export interface PieceAllowance {
  rows: number;
  bytes: number;
}

/**
 * The bytes of a piece, beyond which one action of up to 1 MiB may reach. A function returns, and a
 * transaction reads, at most 16 MiB, and the purge of an archived piece reads the piece twice more.
 */
export const PIECE_BYTES = 4 * 1_024 * 1_024;

/** Where a piece ends amid a session: the place of the last row of the table that it ends in. */
export interface PieceEnd {
  table: "visits" | "actions";
  place: Place;
}

/**
 * Reads a session, or the part of it after a piece, as far as the allowance goes, and takes it off the
 * allowance. Of a session with rows at least one is read; where it has none of a kind, nothing is read.
 * @param after where the piece before ended; `null` at the session's start
 */
export async function readWhole(
  ctx: QueryCtx,
  session: Doc<"sessions">,
  lease: Doc<"leases"> | null,
  after: PieceEnd | null,
  allowance: PieceAllowance,
): Promise<{ whole: WholeSession; end: PieceEnd | null }> {
  const { _id, visitRows = 0 } = session;
  const actionCount = session.actionCount + (lease?.actionCount ?? 0);
  const visits =
    visitRows === 0 || after?.table === "actions"
      ? NONE
      : await readVisits(ctx, _id, after?.place ?? null, allowance);
  const actions =
    actionCount === 0 || !visits.isComplete
      ? NONE
      : await readActions(
          ctx,
          _id,
          after?.table === "actions" ? after.place : null,
          allowance,
        );
  allowance.bytes -= getConvexSize(session);
  return {
    whole: {
      session: toSession(session),
      lastActive: lease?.lastActive ?? session.inactiveSince ?? 0,
      underWay: lease === null ? null : toOpenVisit(lease),
      visits: visits.rows.map(withoutRow),
      visitRows,
      actions: actions.rows.map(withoutRow),
      isComplete: visits.isComplete && actions.isComplete,
    },
    end: endOf(visits, actions),
  };
}

interface ReadRows<Row> {
  rows: Row[];
  isComplete: boolean;
}

/**
 * Reads a session's actions, oldest first, as far as the allowance goes and at least one, and takes them off
 * the allowance.
 * @param after the place of the last action read before; `null` at the start
 */
export function readActions(
  ctx: QueryCtx,
  session: Id<"sessions">,
  after: Place | null,
  allowance: PieceAllowance,
): Promise<ReadRows<Doc<"actions">>> {
  return readSome(
    walkActions(ctx, session, { order: "asc", after }),
    allowance,
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const NONE: ReadRows<never> = { rows: [], isComplete: true };

function readVisits(
  ctx: QueryCtx,
  session: Id<"sessions">,
  after: Place | null,
  allowance: PieceAllowance,
): Promise<ReadRows<Doc<"visits">>> {
  return readSome(walkVisits(ctx, session, { order: "asc", after }), allowance);
}

async function readSome<Row extends Doc<"visits"> | Doc<"actions">>(
  walk: Walk<Row>,
  allowance: PieceAllowance,
): Promise<ReadRows<Row>> {
  const rows: Row[] = [];
  // The rows are streamed, because a single action may be near 1 MiB.
  for await (const row of walk) {
    if (rows.length > 0 && (allowance.rows < 1 || allowance.bytes < 0)) {
      return { rows, isComplete: false };
    }
    rows.push(row);
    allowance.rows -= 1;
    allowance.bytes -= getConvexSize(row);
  }
  return { rows, isComplete: true };
}

function endOf(
  visits: ReadRows<Doc<"visits">>,
  actions: ReadRows<Doc<"actions">>,
): PieceEnd | null {
  const visit = visits.rows.at(-1);
  if (!visits.isComplete && visit !== undefined) {
    return { table: "visits", place: placeOf(visit.startedAt, visit) };
  }
  const action = actions.rows.at(-1);
  if (actions.isComplete || action === undefined) return null;
  return { table: "actions", place: placeOf(action.at, action) };
}

function withoutRow<Row extends Doc<"visits"> | Doc<"actions">>({
  _id,
  _creationTime,
  session,
  ...what
}: Row): Omit<Row, "_id" | "_creationTime" | "session"> {
  return what;
}
