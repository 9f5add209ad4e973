/**
 * What the watchdog does about deliveries of webhooks: those that nobody sends any more, as their job was lost or
 * their workpool stands still, are sent, and the ledger is trimmed.
 */
import { internal } from "../../_generated/api.js";
import type { MutationCtx } from "../../_generated/server.js";
import { DAY_MS, MINUTE_MS } from "../../shared/times.js";

/** An attempt is over, or taken for lost, long before this; what is overdue for longer waits behind others at most. */
const LOST_AFTER_MS = 15 * MINUTE_MS;
const SENT_AT_ONCE = 50;

/** How long the ledger keeps deliveries, counted from their event, and how many at most. */
const KEEP_MS = 30 * DAY_MS;
export const KEEP_DELIVERIES = 5_000;
/** The most deliveries that one look removes for each of the two. */
const REMOVED_AT_ONCE = 500;

/** Has deliveries sent whose attempt is overdue. Where they only waited, the job that they waited for is void. */
export async function resendLost(ctx: MutationCtx, now: number): Promise<void> {
  const overdue = await ctx.db
    .query("deliveries")
    .withIndex("status_nextAt", (q) =>
      q.eq("status", "pending").lt("nextAt", now - LOST_AFTER_MS),
    )
    .take(SENT_AT_ONCE);
  for (const { _id: delivery } of overdue) {
    await ctx.db.patch("deliveries", delivery, { nextAt: now });
    const args = { delivery };
    await ctx.scheduler.runAfter(0, internal.alerts.dispatch.send, args);
  }
}

/** Removes the deliveries that are too old, and the oldest where there are too many; none that is still to be made. */
export async function trimDeliveries(
  ctx: MutationCtx,
  now: number,
): Promise<void> {
  const old = await ctx.db
    .query("deliveries")
    .withIndex("at", (q) => q.lt("at", now - KEEP_MS))
    .take(REMOVED_AT_ONCE);
  const newest = await ctx.db
    .query("deliveries")
    .withIndex("number")
    .order("desc")
    .first();
  const surplus = await ctx.db
    .query("deliveries")
    // One that was never sent has no number, and would be below any.
    .withIndex("number", (q) =>
      q.gt("number", 0).lte("number", (newest?.number ?? 0) - KEEP_DELIVERIES),
    )
    .take(REMOVED_AT_ONCE);
  const removed = new Set<string>();
  for (const { _id, status } of [...old, ...surplus]) {
    if (status === "pending" || removed.has(_id)) continue;
    removed.add(_id);
    await ctx.db.delete("deliveries", _id);
  }
}
