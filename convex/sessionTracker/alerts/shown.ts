/** Webhooks as operators see them. */
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { vRunKind } from "../shared/runs/kinds.js";
import { shownUrl } from "../shared/webhooks/urls.js";
import {
  vDisabled,
  vEvents,
  vWebhookFormat,
} from "../shared/webhooks/webhook.js";
import { allWebhooks } from "../rows/outbox/outbox.js";

export const vWebhook = v.object({
  webhookId: v.id("webhooks"),
  /** What operators call it by; `null` where it has only its id. */
  name: v.union(v.string(), v.null()),
  /** Its host and the beginning of its path. */
  url: v.string(),
  format: vWebhookFormat,
  events: vEvents,
  /** `null` is all. */
  kinds: v.union(v.array(vRunKind), v.null()),
  createdAt: v.number(),
  /** Who added it. */
  actor: v.string(),
  /** When the first of the failures was since which nothing was delivered; `null` where deliveries arrive. */
  failingSince: v.union(v.number(), v.null()),
  disabled: v.union(vDisabled, v.null()),
  /** Until when the secret before a rotation signs as well; `null` where there is none. */
  formerSecretUntil: v.union(v.number(), v.null()),
});
export type Webhook = Infer<typeof vWebhook>;

export function toWebhook({ _id, ...webhook }: Doc<"webhooks">): Webhook {
  const { url, format, events, actor, formerSecret } = webhook;
  const {
    name = null,
    kinds = null,
    failingSince = null,
    disabled = null,
  } = webhook;
  return {
    webhookId: _id,
    name,
    url: shownUrl(url),
    format,
    events,
    kinds,
    createdAt: webhook._creationTime,
    actor,
    failingSince,
    disabled,
    formerSecretUntil:
      formerSecret === undefined || formerSecret.until <= Date.now()
        ? null
        : formerSecret.until,
  };
}

/** All webhooks. */
export async function listWebhooks(ctx: QueryCtx): Promise<Webhook[]> {
  return (await allWebhooks(ctx)).map(toWebhook);
}
