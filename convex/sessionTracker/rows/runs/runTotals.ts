/**
 * How many runs there have been, and how long they took: one row for each kind and status. The ledger forgets its runs
 * after 90 days, and a count that only grows must not.
 */
import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { RUN_KINDS } from "../../shared/runs/kinds.js";
import type { RunStatus } from "../../shared/runs/run.js";

/** Counts a run that comes to its end: one read and one write. A run that is resumed counts at each end. */
export async function countRun(
  ctx: MutationCtx,
  { kind, startedAt }: Pick<Doc<"runs">, "kind" | "startedAt">,
  status: Exclude<RunStatus, "running">,
  now: number,
): Promise<void> {
  const row = await ctx.db
    .query("runTotals")
    .withIndex("kind_status", (q) => q.eq("kind", kind).eq("status", status))
    .unique();
  // A clock that was set back makes no run shorter than nothing.
  const durationMs = Math.max(0, now - startedAt);
  if (row === null) {
    const first = { kind, status, runs: 1, durationMs };
    await ctx.db.insert("runTotals", first);
    return;
  }
  await ctx.db.patch("runTotals", row._id, {
    runs: row.runs + 1,
    durationMs: row.durationMs + durationMs,
  });
}

export function readRunTotals(ctx: QueryCtx): Promise<Doc<"runTotals">[]> {
  return ctx.db
    .query("runTotals")
    .withIndex("kind_status")
    .take(RUN_KINDS.length * STATUSES);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Number of statuses that a run may end with. */
const STATUSES = 4;
