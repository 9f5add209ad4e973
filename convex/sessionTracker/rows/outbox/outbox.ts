/**
 * The outbox: what webhooks are told of is written in the transaction that it is about, so that nothing is told that
 * did not happen, and nothing that happened is lost. The room `alerts` delivers it.
 */
import { internal } from "../../_generated/api.js";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { MAX_WEBHOOKS } from "../../shared/limits.js";
import type { RunKind } from "../../shared/runs/kinds.js";
import type { ScheduleName } from "../../shared/schedules.js";
import type { WebhookEvent } from "../../shared/webhooks/events.js";
import type { DeliveryType } from "../../shared/webhooks/webhook.js";

/**
 * Tells the webhooks that want it of an event, and pings dead man's switches of a run that ended well. Without a
 * webhook this is one empty read. Where something happens again and again, it is for the caller to tell of it once.
 */
export async function tellWebhooks(
  ctx: MutationCtx,
  event: WebhookEvent,
): Promise<void> {
  const { type, data } = event;
  const kind =
    "kind" in data ? data.kind : "schedule" in data ? data.schedule : null;
  await putForEach(ctx, kind, ({ format, events }) => {
    if (format === "ping") {
      return type === "run.completed" ? pingOf(data.kind) : null;
    }
    return events === "all" || events.includes(type) ? event : null;
  });
}

/** Pings dead man's switches: a schedule has found nothing to do, which is as good as a run. */
export async function pingWebhooks(
  ctx: MutationCtx,
  kind: ScheduleName,
): Promise<void> {
  await putForEach(ctx, kind, ({ format }) =>
    format === "ping" ? pingOf(kind) : null,
  );
}

/** All webhooks, in the order in which they were added. */
export function allWebhooks(ctx: QueryCtx): Promise<Doc<"webhooks">[]> {
  return ctx.db
    .query("webhooks")
    .withIndex("by_creation_time")
    .take(MAX_WEBHOOKS);
}

interface Content {
  type: DeliveryType;
  data: unknown;
}

/** Puts a delivery to one webhook in the outbox, and has it sent. */
export async function put(
  ctx: MutationCtx,
  webhook: Id<"webhooks">,
  { type, data }: Content,
): Promise<Id<"deliveries">> {
  const now = Date.now();
  const delivery = await ctx.db.insert("deliveries", {
    webhook,
    type,
    data,
    at: now,
    status: "pending",
    attempts: [],
    nextAt: now,
    attempt: 0,
    tries: 0,
  });
  await ctx.scheduler.runAfter(0, internal.alerts.dispatch.send, { delivery });
  return delivery;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * Puts a delivery in the outbox for each webhook that there is something for.
 * @param kind the kind of runs that it is about; `null` where it is about none
 */
async function putForEach(
  ctx: MutationCtx,
  kind: RunKind | null,
  contentFor: (webhook: Doc<"webhooks">) => Content | null,
): Promise<void> {
  for (const webhook of await allWebhooks(ctx)) {
    const { _id, kinds, disabled } = webhook;
    if (disabled !== undefined) continue;
    if (kinds !== undefined && kind !== null && !kinds.includes(kind)) continue;
    const content = contentFor(webhook);
    if (content !== null) await put(ctx, _id, content);
  }
}

function pingOf(kind: RunKind): Content {
  return { type: "ping", data: { kind } };
}
