/** Deleting rows within what one transaction takes. */
import { getConvexSize } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { MAX_DELETES_PER_PAGE } from "../shared/runs.js";

/** The work a page may still do: rows to look at, deletes to do, bytes to read. */
export interface Allowance {
  rows: number;
  deletes: number;
  bytes: number;
}

/** Deletes for each session a page aims for, so that a page that shrinks also bites off less of a huge session. */
const DELETES_PER_SESSION = 4;

/** Bytes kept free: one document may be 1 MiB, and is read twice to be deleted. */
const RESERVE_BYTES = 4 * 1_024 * 1_024;

export async function openAllowance(
  ctx: MutationCtx,
  pageSize: number,
): Promise<Allowance> {
  const { bytesRead, bytesWritten } = await ctx.meta.getTransactionMetrics();
  return {
    rows: pageSize,
    deletes: Math.min(MAX_DELETES_PER_PAGE, pageSize * DELETES_PER_SESSION),
    bytes:
      Math.min(bytesRead.remaining, bytesWritten.remaining) - RESERVE_BYTES,
  };
}

/** Takes one delete off the allowance; to be called for each. */
export function spend(
  allowance: Pick<Allowance, "deletes" | "bytes">,
  deleted: Doc<"sessions"> | Doc<"actions">,
): void {
  allowance.deletes -= 1;
  // The walk reads the document once, the delete again.
  allowance.bytes -= 2 * getConvexSize(deleted);
}

/** Deletes as many of a session's actions as the allowance allows, less one delete for the session. */
export async function deleteActions(
  ctx: MutationCtx,
  session: Id<"sessions">,
  allowance: Pick<Allowance, "deletes" | "bytes">,
): Promise<{ deleted: number; isDone: boolean }> {
  let deleted = 0;
  const actions = ctx.db
    .query("actions")
    .withIndex("session_at", (q) => q.eq("session", session));
  // Streamed, because a single action may be near 1 MiB.
  for await (const action of actions) {
    if (allowance.deletes <= 1 || allowance.bytes < 0) {
      return { deleted, isDone: false };
    }
    await ctx.db.delete("actions", action._id);
    spend(allowance, action);
    deleted += 1;
  }
  return { deleted, isDone: true };
}
