/**
 * Sessions with all that their visitors did, in bounded pieces: what an export and an archive are
 * made of. A session whose actions do not fit one piece goes on in the next.
 */
import { getConvexSize, v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import type { Place } from "../shared/places.js";
import { vAction, vSession } from "../shared/sessions.js";
import { toSession } from "./sessions.js";
import { walkActions } from "./walks.js";

export const vWholeSession = v.object({
  session: vSession,
  /** When the visitor was last active, whether or not the session still is. */
  lastActive: v.number(),
  /** Actions, oldest first. */
  actions: v.array(vAction),
  /** `false` where more actions follow in the next piece; only the last of a piece can be so. */
  isComplete: v.boolean(),
});
export type WholeSession = Infer<typeof vWholeSession>;

/** The rows and bytes that a piece may still take. */
export interface PieceAllowance {
  actions: number;
  bytes: number;
}

/**
 * A result has at most 16 MiB, as has what a transaction reads, and a purge of the piece reads it
 * twice more. One action may be 1 MiB.
 */
export const PIECE_BYTES = 4 * 1_024 * 1_024;

export interface ReadActions {
  rows: Doc<"actions">[];
  isComplete: boolean;
}

/** Reads a session's actions as far as the allowance goes, at least one. */
export async function readActions(
  ctx: QueryCtx,
  session: Id<"sessions">,
  after: Place | null,
  allowance: PieceAllowance,
): Promise<ReadActions> {
  const rows: Doc<"actions">[] = [];
  const stretch = { order: "asc" as const, after };
  // Streamed, because a single one may be near 1 MiB.
  for await (const action of walkActions(ctx, session, stretch)) {
    if (rows.length > 0 && (allowance.actions < 1 || allowance.bytes < 0)) {
      return { rows, isComplete: false };
    }
    rows.push(action);
    allowance.actions -= 1;
    allowance.bytes -= getConvexSize(action);
  }
  return { rows, isComplete: true };
}

export function toWhole(
  session: Doc<"sessions">,
  lastActive: number,
  { rows, isComplete }: ReadActions,
): WholeSession {
  return {
    session: toSession(session),
    lastActive,
    actions: rows.map(({ _id, _creationTime, session: _, ...what }) => what),
    isComplete,
  };
}
