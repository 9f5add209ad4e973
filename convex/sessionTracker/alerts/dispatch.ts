/** The way of a delivery from the outbox to an attempt: a job of a workpool of their own. */
import { Workpool } from "@convex-dev/workpool";
import { v } from "convex/values";
import { components, internal } from "../_generated/api.js";
import type { Doc } from "../_generated/dataModel.js";
import { internalMutation, type MutationCtx } from "../_generated/server.js";
import type { Patch } from "../rows/patch.js";

/** So many attempts at once; an endpoint that does not answer holds one for `TIMEOUT_MS` of `post`. */
const pool = new Workpool(components.deliveries, { maxParallelism: 8 });

/** Sends a delivery of the outbox. Repeated, it makes the job before void. */
export const send = internalMutation({
  args: { delivery: v.id("deliveries") },
  returns: v.null(),
  handler: async (ctx, { delivery: id }) => {
    const delivery = await ctx.db.get("deliveries", id);
    if (delivery?.status === "pending") {
      await enqueueAttempt(ctx, delivery, delivery.nextAt ?? Date.now());
    }
    return null;
  },
});

/**
 * Enqueues the next attempt of a delivery, and makes every earlier job of the delivery void.
 * @param patch other changes of the delivery's row
 * @returns the number of the attempt
 */
export async function enqueueAttempt(
  ctx: MutationCtx,
  { _id: deliveryId, number, ...delivery }: Doc<"deliveries">,
  nextAt: number,
  patch: Patch<Omit<Doc<"deliveries">, "_id" | "_creationTime">> = {},
): Promise<number> {
  const attempt = delivery.attempt + 1;
  await ctx.db.patch("deliveries", deliveryId, {
    ...patch,
    status: "pending",
    nextAt,
    attempt,
    number: number ?? (await nextNumber(ctx)),
  });
  const link = { deliveryId, attempt };
  await pool.enqueueAction(ctx, internal.alerts.attempts.run, link, {
    onComplete: internal.alerts.attempts.stopped,
    context: link,
    onCompleteExcludeKinds: ["success"],
    runAt: nextAt,
  });
  return attempt;
}

async function nextNumber(ctx: MutationCtx): Promise<number> {
  const last = await ctx.db
    .query("deliveries")
    .withIndex("number")
    .order("desc")
    .first();
  return (last?.number ?? 0) + 1;
}
