/** What the watchdog deletes because it is old: some of it each time that it looks. */
import type { MutationCtx } from "../_generated/server.js";
import { DAY_MS } from "../shared/times.js";
import { walkRuns } from "../rows/walks.js";
import { readSettings } from "../settings/inForce.js";

/** How long the ledger keeps runs that have finished, counted from their start. */
const KEEP_RUNS_MS = 90 * DAY_MS;
/** The most runs that one look removes from the ledger. */
const RUNS_AT_ONCE = 100;
/**
 * The most entries that one look removes from the audit log, and from the log before it: many times as many as
 * schedules can add between two looks.
 */
const ENTRIES_AT_ONCE = 500;

/** Removes old runs from the ledger, never a running one. */
export async function trimRuns(ctx: MutationCtx, now: number): Promise<void> {
  const before = now - KEEP_RUNS_MS;
  const stretch = { order: "asc" as const, after: null, before };
  const old = await walkRuns(ctx, undefined, stretch).take(RUNS_AT_ONCE);
  for (const run of old) {
    if (run.status !== "running") await ctx.db.delete("runs", run._id);
  }
}

/** Removes the oldest entries of the audit log, where they are older than the setting `auditRetentionDays`. */
export async function trimAudit(ctx: MutationCtx, now: number): Promise<void> {
  const { auditRetentionDays: days } = await readSettings(ctx);
  if (days === "never") return;
  const before = now - days * DAY_MS;
  const old = await ctx.db
    .query("audit")
    .withIndex("at", (q) => q.lt("at", before))
    .take(ENTRIES_AT_ONCE);
  for (const { _id } of old) await ctx.db.delete("audit", _id);
  let left = ENTRIES_AT_ONCE;
  const older = ctx.db.query("settingsLog").withIndex("revision");
  for await (const { _id, at } of older) {
    if (at >= before || left === 0) break;
    await ctx.db.delete("settingsLog", _id);
    left -= 1;
  }
}
