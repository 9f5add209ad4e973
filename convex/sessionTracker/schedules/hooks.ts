/**
 * What the watchdog does about hooks. The calls that they owe for people who were erased are made up for, in a chain
 * of calls, each in a transaction of its own; by hand `operator/hooks` does so.
 */
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Doc } from "../_generated/dataModel.js";
import { internalMutation, type MutationCtx } from "../_generated/server.js";
import { HOOK_NAMES } from "../shared/hooks.js";
import { DAY_MS, HOUR_MS, isFuture, MINUTE_MS } from "../shared/times.js";
import { tell } from "../settings/hookDebts.js";
import { readHook } from "../settings/inForce.js";

/** How many calls may fail in one chain, so that a hook that is gone is left in peace until the next look. */
const MAX_FAILURES = 20;
/** How long a debt waits after its first try; twice as long after each other, up to `LONGEST_WAIT_MS`. */
const FIRST_WAIT_MS = 10 * MINUTE_MS;
const LONGEST_WAIT_MS = 6 * HOUR_MS;

/** A hook that has not failed for so long has recovered, or nobody comes. */
const KEEP_FAILURES_MS = DAY_MS;

/**
 * Begins a chain of calls where any is due, none of them in the transaction of the caller, and forgets failures of
 * more than a day ago.
 */
export async function lookAfterHooks(
  ctx: MutationCtx,
  now: number,
): Promise<void> {
  await goOn(ctx, now, MAX_FAILURES);
  const failures = await ctx.db
    .query("hookFailures")
    .withIndex("hook")
    .take(HOOK_NAMES.length);
  for (const { _id, at } of failures) {
    const isOld = now - at > KEEP_FAILURES_MS || isFuture(at, now);
    if (isOld) await ctx.db.delete("hookFailures", _id);
  }
}

/** Calls the hook for one debt, and goes on with the next one that is due. */
export const payNext = internalMutation({
  args: { debtId: v.id("hookDebts"), failuresLeft: v.number() },
  returns: v.null(),
  handler: async (ctx, { debtId, failuresLeft }) => {
    const debt = await ctx.db.get("hookDebts", debtId);
    const { isPaid } = debt === null ? PAID : await payDebt(ctx, debt);
    const left = isPaid ? failuresLeft : failuresLeft - 1;
    if (left > 0) await goOn(ctx, Date.now(), left);
    return null;
  },
});

/** Calls the hook that is set now for a visitor who was erased; where it fails again, the debt stays. */
export async function payDebt(
  ctx: MutationCtx,
  { _id, hook, session }: Doc<"hookDebts">,
): Promise<{ isPaid: boolean; error: string | null }> {
  const told = await tell(ctx, hook, session);
  const error =
    told === null ? `There is no hook ${hook} any more.` : told.error;
  if (error === null) {
    await ctx.db.delete("hookDebts", _id);
    return PAID;
  }
  await ctx.db.patch("hookDebts", _id, { error, triedAt: Date.now() });
  return { isPaid: false, error };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const PAID = { isPaid: true, error: null };

/**
 * Schedules the call for the next debt that is due. That it is tried is written before: a hook that runs out of
 * time undoes its whole transaction, and must not be called for the same visitor without end.
 */
async function goOn(
  ctx: MutationCtx,
  now: number,
  failuresLeft: number,
): Promise<void> {
  const debt = await nextDue(ctx, now);
  // Without the hook a debt waits for one to be set, or to be settled by hand.
  if (debt === null || (await readHook(ctx, debt.hook)) === null) return;
  const { _id: debtId, tries = 0 } = debt;
  await ctx.db.patch("hookDebts", debtId, {
    tries: tries + 1,
    triedAt: now,
    nextTryAt: now + Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries),
  });
  const next = { debtId, failuresLeft };
  await ctx.scheduler.runAfter(0, internal.schedules.hooks.payNext, next);
}

async function nextDue(
  ctx: MutationCtx,
  now: number,
): Promise<Doc<"hookDebts"> | null> {
  const due = await ctx.db
    .query("hookDebts")
    .withIndex("nextTryAt", (q) => q.lte("nextTryAt", now))
    .first();
  if (due !== null) return due;
  // No debt waits for so long: a clock wrote the time that was ahead.
  return await ctx.db
    .query("hookDebts")
    .withIndex("nextTryAt", (q) =>
      q.gt("nextTryAt", now + LONGEST_WAIT_MS + MINUTE_MS),
    )
    .first();
}
