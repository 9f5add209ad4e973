/**
 * Whole sessions: each with all its actions, in pieces of bounded size. Exports and archives are made of such
 * pieces. A session whose actions do not fit one piece goes on in the next.
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
  /** When the visitor was last active, in ms since the epoch, whether or not the session still is active. */
  lastActive: v.number(),
  /** The session's actions in this piece, oldest first. */
  actions: v.array(vAction),
  /** `false` where more actions follow in the next piece, which only the last session of a piece can say. */
  isComplete: v.boolean(),
});
export type WholeSession = Infer<typeof vWholeSession>;

/** The number of actions, and of bytes, that a piece may still take. */
export interface PieceAllowance {
  actions: number;
  bytes: number;
}

/**
 * The bytes of a piece, beyond which one action of up to 1 MiB may reach. A function returns, and a
 * transaction reads, at most 16 MiB, and the purge of an archived piece reads the piece twice more.
 */
export const PIECE_BYTES = 4 * 1_024 * 1_024;

export interface ReadActions {
  rows: Doc<"actions">[];
  isComplete: boolean;
}

/**
 * Reads a session's actions, oldest first, as far as the allowance goes and at least one, and takes them off
 * the allowance.
 * @param after the place of the last action read before; `null` at the start
 */
export async function readActions(
  ctx: QueryCtx,
  session: Id<"sessions">,
  after: Place | null,
  allowance: PieceAllowance,
): Promise<ReadActions> {
  const rows: Doc<"actions">[] = [];
  const stretch = { order: "asc" as const, after };
  // The actions are streamed, because a single one may be near 1 MiB.
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
