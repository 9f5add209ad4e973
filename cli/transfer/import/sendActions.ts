/** Rows whose actions do not fit one call: first the session is sent, then its actions, piece by piece. */
import { MAX_IMPORT_ACTIONS } from "../../../convex/sessionTracker/shared/limits.js";
import type { Args, Returns } from "../../deployment/api.js";
import type { ComponentClient } from "../../deployment/client.js";
import { actionText } from "../lineFormat.js";
import { MAX_SIZE, type RowAction } from "./batches.js";
import { isTooLarge } from "./refusals.js";

type Piece = Args<"operator/importActions:add">["actions"];
type Added = Returns<"operator/importActions:add">;

/**
 * Sends the actions.
 * @param of `isOfVisit`: those since the start of the visit under way are of that visit
 * @returns how many were added
 */
export async function sendActions(
  client: ComponentClient,
  of: { anonymousId: string; isOfVisit: boolean },
  actions: readonly RowAction[],
): Promise<number> {
  let added = 0;
  for (const piece of piecesOf(actions)) {
    added += await sendPiece(client, of, piece);
  }
  return added;
}

async function sendPiece(
  client: ComponentClient,
  of: { anonymousId: string; isOfVisit: boolean },
  piece: Piece,
): Promise<number> {
  let added = 0;
  let rest: Added["rest"] = { actions: piece, after: null };
  while (rest !== null) {
    const call = { ...of, ...rest };
    try {
      const done: Added = await client.mutation(
        "operator/importActions:add",
        call,
        {
          repeatable: true,
        },
      );
      added += done.added;
      rest = done.rest;
    } catch (error) {
      // The calls before this one have done their part for good: sent again, they change nothing.
      if (!isTooLarge(error) || piece.length < 2) throw error;
      const middle = Math.ceil(piece.length / 2);
      for (const half of [piece.slice(0, middle), piece.slice(middle)]) {
        added += await sendPiece(client, of, half);
      }
      return added;
    }
  }
  return added;
}

/**
 * Cuts the actions into pieces. Equal ones are one action, with how often it happened: the component
 * counts them.
 */
function* piecesOf(actions: readonly RowAction[]): Generator<Piece> {
  const counted = new Map<string, RowAction & { copies: number }>();
  for (const { copies = 1, ...action } of actions) {
    const text = actionText(action);
    const known = counted.get(text);
    if (known !== undefined) known.copies += copies;
    else counted.set(text, { ...action, copies });
  }
  let piece: Piece = [];
  let size = 0;
  for (const [text, action] of counted) {
    const isFull = piece.length === MAX_IMPORT_ACTIONS || size >= MAX_SIZE;
    if (isFull) {
      yield piece;
      piece = [];
      size = 0;
    }
    piece.push(action);
    size += text.length;
  }
  if (piece.length > 0) yield piece;
}
