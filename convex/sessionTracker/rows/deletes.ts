/** Deleting rows within the limits of one transaction. */
import { getConvexSize } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { MAX_DELETES_PER_PAGE } from "../shared/runs.js";

/** The work that a page may still do: rows to look at, deletes to do, bytes to read. */
export interface Allowance {
  rows: number;
  deletes: number;
  bytes: number;
}

/**
 * Deletes for each session that a page aims for, so that a smaller page also deletes fewer actions of a session
 * that has many.
 */
const DELETES_PER_SESSION = 4;

/** Bytes that a page leaves unused: one document may be 1 MiB, and a delete reads its document twice. */
const RESERVE_BYTES = 4 * 1_024 * 1_024;

/**
 * The allowance of a page that begins now, by what the transaction has left.
 * @param pageSize number of sessions that the page aims for
 */
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

/** Takes one delete off the allowance; the caller says so for each row that it deletes. */
export function spend(
  allowance: Pick<Allowance, "deletes" | "bytes">,
  deleted: Doc<"sessions"> | Doc<"actions">,
): void {
  allowance.deletes -= 1;
  // The walk reads the document once, the delete again.
  allowance.bytes -= 2 * getConvexSize(deleted);
}

/**
 * Deletes a session's actions, oldest first, as many as the allowance allows, less one delete for the session.
 * @returns the number deleted, and whether none is left
 */
export async function deleteActions(
  ctx: MutationCtx,
  session: Id<"sessions">,
  allowance: Pick<Allowance, "deletes" | "bytes">,
): Promise<{ deleted: number; isDone: boolean }> {
  let deleted = 0;
  const actions = ctx.db
    .query("actions")
    .withIndex("session_at", (q) => q.eq("session", session));
  // The actions are streamed, because a single one may be near 1 MiB.
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
