/** Deleting rows within the limits of one transaction. */
import { getConvexSize } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { MAX_DELETES_PER_PAGE } from "../shared/limits.js";

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
  deleted: Doc<"sessions"> | Doc<"visits"> | Doc<"actions">,
): void {
  allowance.deletes -= 1;
  // The walk reads the document once, the delete again.
  allowance.bytes -= 2 * getConvexSize(deleted);
}

/** Takes a row off the allowance that is read and written, for so many read intervals. */
export function spendOn(
  allowance: Pick<Allowance, "deletes" | "bytes">,
  row: Doc<"sessions">,
  intervals: number,
): void {
  allowance.deletes -= intervals;
  allowance.bytes -= 2 * getConvexSize(row);
}

/**
 * Deletes as many of a session's rows as the allowance allows, less one delete for the session.
 */
export async function deleteRowsOf(
  ctx: MutationCtx,
  table: "visits" | "actions",
  session: Id<"sessions">,
  allowance: Pick<Allowance, "deletes" | "bytes">,
): Promise<{ deleted: number; isDone: boolean }> {
  let deleted = 0;
  // Streamed, because a single action may be near 1 MiB.
  for await (const row of rowsOf(ctx, table, session)) {
    if (allowance.deletes <= 1 || allowance.bytes < 0) {
      return { deleted, isDone: false };
    }
    await ctx.db.delete(table, row._id);
    spend(allowance, row);
    deleted += 1;
  }
  return { deleted, isDone: true };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function rowsOf(
  ctx: MutationCtx,
  table: "visits" | "actions",
  session: Id<"sessions">,
): AsyncIterable<Doc<"visits"> | Doc<"actions">> {
  return table === "visits"
    ? ctx.db
        .query("visits")
        .withIndex("session_startedAt", (q) => q.eq("session", session))
    : ctx.db
        .query("actions")
        .withIndex("session_at", (q) => q.eq("session", session));
}
