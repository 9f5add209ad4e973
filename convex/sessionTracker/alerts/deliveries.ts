/** The ledger of deliveries, for operators. */
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { mutation, query, type QueryCtx } from "../_generated/server.js";
import { checkInteger, fail } from "../shared/errors.js";
import { MAX_LISTED_DELIVERIES } from "../shared/limits.js";
import { placeOf } from "../shared/places.js";
import {
  vDeliveryFields,
  vDeliveryStatus,
} from "../shared/webhooks/webhook.js";
import { readCursor, toCursor } from "../rows/cursors.js";
import { walkDeliveries } from "../rows/walks.js";
import { enqueueAttempt } from "./dispatch.js";
import { idInLedger } from "./named.js";

export const vDelivery = v.object({
  /** The `webhook-id` of each of its attempts. */
  deliveryId: v.id("deliveries"),
  webhookId: v.id("webhooks"),
  ...vDeliveryFields.fields,
});
type Delivery = Infer<typeof vDelivery>;

/** One delivery; `null` where there is none with the id. */
export const get = query({
  args: { deliveryId: v.string() },
  returns: v.union(vDelivery, v.null()),
  handler: async (ctx, { deliveryId }) => {
    const delivery = await find(ctx, deliveryId);
    return delivery === null ? null : toDelivery(delivery);
  },
});

/**
 * A page of the ledger, newest first, of at most `limit`, up to 200: of one webhook, or of all; with one status, or
 * with any. The cursor leads to the next page, and is `null` at the end.
 * @throws invalidArgument; webhookNotFound for a webhook that neither is there nor has deliveries
 */
export const page = query({
  args: {
    webhookId: v.optional(v.string()),
    status: v.optional(vDeliveryStatus),
    limit: v.number(),
    cursor: v.optional(v.union(v.string(), v.null())),
  },
  returns: v.object({
    deliveries: v.array(vDelivery),
    cursor: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { webhookId, status, limit, cursor = null }) => {
    checkInteger("limit", limit, 1, MAX_LISTED_DELIVERIES);
    const after = cursor === null ? null : readCursor(cursor);
    const webhook =
      webhookId === undefined ? undefined : await idInLedger(ctx, webhookId);
    const stretch = { order: "desc" as const, after };
    const walk = walkDeliveries(ctx, { webhook, status }, stretch);
    // A row more than asked for tells whether there is another page.
    const rows = await walk.take(limit + 1);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const isEnd = rows.length <= limit || last === undefined;
    return {
      deliveries: shown.map(toDelivery),
      cursor: isEnd ? null : toCursor(placeOf(last.at, last)),
    };
  },
});

/**
 * Sends a delivery once more, at once, with as many tries as a new one; with the same id, so that a receiver that
 * has it can tell. One that is still being tried is tried at once.
 * @returns the number of the attempt that was asked for
 * @throws deliveryNotFound; webhookNotFound; webhookDisabled
 */
export const resend = mutation({
  args: { deliveryId: v.string() },
  returns: v.object({ deliveryId: v.id("deliveries"), attempt: v.number() }),
  handler: async (ctx, { deliveryId }) => {
    const delivery = await find(ctx, deliveryId);
    if (delivery === null) {
      const named = JSON.stringify(deliveryId);
      fail("deliveryNotFound", `There is no delivery ${named}.`, {
        deliveryId,
      });
    }
    const { _id, webhook: webhookId, guard } = delivery;
    const webhook = await ctx.db.get("webhooks", webhookId);
    if (webhook === null) {
      fail(
        "webhookNotFound",
        `The webhook ${webhookId} of the delivery ${_id} was removed.`,
        { webhookId },
      );
    }
    if (webhook.disabled !== undefined) {
      fail(
        "webhookDisabled",
        `The webhook ${webhookId} is disabled: \`sessions-ops webhooks enable ${webhookId}\` first.`,
        { webhookId },
      );
    }
    if (guard !== undefined) await ctx.scheduler.cancel(guard);
    const attempt = await enqueueAttempt(ctx, delivery, Date.now(), {
      tries: 0,
      guard: undefined,
      finishedAt: undefined,
      why: undefined,
    });
    return { deliveryId: _id, attempt };
  },
});

// ── For the rest of the component ───────────────────────────────────────────

export function toDelivery({
  _id,
  _creationTime,
  webhook,
  tries,
  guard,
  number,
  ...delivery
}: Doc<"deliveries">): Delivery {
  return { deliveryId: _id, webhookId: webhook, ...delivery };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

async function find(
  ctx: QueryCtx,
  deliveryId: string,
): Promise<Doc<"deliveries"> | null> {
  const id = ctx.db.normalizeId("deliveries", deliveryId);
  return id === null ? null : await ctx.db.get("deliveries", id);
}
