/**
 * The rows of a session's finished visits. The session counts them, and names them as long as they are few, so that
 * a purge deletes them without looking for them.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import type { Visit } from "../shared/visits.js";
import { type Allowance, deleteRowsOf } from "./deletes.js";

/** What a session says of its rows in `visits`. */
export type VisitRows = Pick<Doc<"sessions">, "visitRows" | "visitIds">;

/**
 * The most ids that a session holds: 100 of 32 bytes make it three times as large, and it is written only when a
 * visit closes. With more, the rows are looked for.
 */
const MAX_VISIT_IDS = 100;

/** Gives a finished visit a row. @returns what the session says of its rows then */
export async function addVisitRow(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  visit: Visit,
): Promise<Required<VisitRows> | { visitRows: number; visitIds: undefined }> {
  const { visitRows = 0 } = session;
  const known = knownIds(session);
  const id = await ctx.db.insert("visits", { session: session._id, ...visit });
  return {
    visitRows: visitRows + 1,
    visitIds:
      known === null || known.length === MAX_VISIT_IDS
        ? undefined
        : [...known, id],
  };
}

/** Deletes as many of a session's rows as the allowance allows, less one delete for the session. */
export async function deleteVisitRows(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  allowance: Pick<Allowance, "deletes" | "bytes">,
): Promise<{ deleted: number; isDone: boolean }> {
  const ids = knownIds(session);
  if (ids === null || ids.length >= allowance.deletes) {
    return await deleteRowsOf(ctx, "visits", session._id, allowance);
  }
  for (const id of ids) await ctx.db.delete("visits", id);
  allowance.deletes -= ids.length;
  allowance.bytes -= ids.length * MAX_VISIT_BYTES;
  return { deleted: ids.length, isDone: true };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** A visit's texts come to less: a path has up to 512 characters of 3 bytes, and there are two. */
const MAX_VISIT_BYTES = 8_192;

/** The ids of all the session's rows; `null` where it does not name them all. */
function knownIds({
  visitRows = 0,
  visitIds = [],
}: VisitRows): Id<"visits">[] | null {
  return visitIds.length === visitRows ? visitIds : null;
}
