import type { JSONValue } from "convex/values";
import type { Delivery, Webhook } from "../../deployment/api.js";
import { iso, isoOrNull } from "../../time/time.js";
import type { RunKind } from "../../../convex/sessionTracker/shared/runs/kinds.js";
import type {
  DeliveryStatus,
  DeliveryType,
  Disabled,
  Events,
  WebhookFormat,
} from "../../../convex/sessionTracker/shared/webhooks/webhook.js";
import { toValueJson } from "../convexValue.js";

/** A webhook, without its address and its secret. */
export interface WebhookJson {
  /** The id of the webhook. */
  webhookId: string;
  /** What operators call it by; `null` where it has only its id. */
  name: string | null;
  /** The host and the beginning of the path. */
  url: string;
  /** `standard`, `slack` or `ping`. */
  format: WebhookFormat;
  /** The types of events that it is told of. */
  events: Events;
  /** Only events of these kinds of runs; `null` is all. */
  kinds: RunKind[] | null;
  /** When it was added. */
  createdAt: string;
  /** Who added it. */
  actor: string;
  /** When the first of the failures was since which nothing was delivered; `null` where deliveries arrive. */
  failingSince: string | null;
  /** `failing`: nothing was delivered for a day; `gone`: the endpoint answered 410. */
  disabled: { at: string; why: Disabled["why"] } | null;
  /** Until when the secret before a rotation signs as well. */
  formerSecretUntil: string | null;
}

export function toWebhookJson(webhook: Webhook): WebhookJson {
  const { webhookId, name, url, format, events, kinds, actor, disabled } =
    webhook;
  return {
    webhookId,
    name,
    url,
    format,
    events,
    kinds,
    createdAt: iso(webhook.createdAt),
    actor,
    failingSince: isoOrNull(webhook.failingSince),
    disabled: disabled && { at: iso(disabled.at), why: disabled.why },
    formerSecretUntil: isoOrNull(webhook.formerSecretUntil),
  };
}

/** Output of `webhooks list` */
export interface WebhookListJson {
  /** In the order in which they were added. */
  webhooks: (WebhookJson & { last: DeliveryJson | null })[];
}

/** Output of `webhooks add` */
export interface WebhookAddedJson {
  /** The webhook, as it is now. */
  webhook: WebhookJson;
  /** What signs its deliveries: nothing shows it again. `null` for a format that is not signed. */
  secret: string | null;
}

/** Output of `webhooks rotate` */
export interface WebhookRotatedJson {
  /** The webhook, as it is now. */
  webhook: WebhookJson;
  /** Nothing shows it again. */
  secret: string;
}

/** Output of `webhooks remove` */
export interface WebhookRemovedJson {
  /** The webhook, as it was. */
  webhook: WebhookJson;
}

/** Output of `webhooks enable` */
export interface WebhookEnabledJson {
  /** `false`: it was enabled before. */
  enabled: boolean;
  /** The webhook, as it is now. */
  webhook: WebhookJson;
}

/** What a webhook was or is to be told, and what came back. */
export interface DeliveryJson {
  /** The `webhook-id` of each of its attempts. */
  deliveryId: string;
  /** The id of the webhook. */
  webhookId: string;
  /** The type of the event, such as `run.failed`. */
  type: DeliveryType;
  /** What the event says. */
  data: JSONValue;
  /** When it happened. */
  at: string;
  /** `pending`, `delivered` or `failed`. */
  status: DeliveryStatus;
  /** Newest last. */
  attempts: {
    /** When. */
    at: string;
    /** How long it took. */
    durationMs: number;
    /** The status of the answer; `null` where there was none. */
    status: number | null;
    /** What it threw, or what went wrong; `null` where nothing did. */
    error: string | null;
    /** The beginning of the answer's body. */
    body: string | null;
  }[];
  /** When it is sent next; `null` where it is not sent again. */
  nextAt: string | null;
  /** When it was over; `null` while it is not. */
  finishedAt: string | null;
  /** Why it was given up without another attempt. */
  why: string | null;
}

export function toDeliveryJson(delivery: Delivery): DeliveryJson {
  const { deliveryId, webhookId, type, status, attempts } = delivery;
  return {
    deliveryId,
    webhookId,
    type,
    data: toValueJson(delivery.data),
    at: iso(delivery.at),
    status,
    attempts: attempts.map(({ at, durationMs, ...answer }) => ({
      at: iso(at),
      durationMs,
      status: answer.status ?? null,
      error: answer.error ?? null,
      body: answer.body ?? null,
    })),
    nextAt: isoOrNull(delivery.nextAt),
    finishedAt: isoOrNull(delivery.finishedAt),
    why: delivery.why ?? null,
  };
}

/** Output of `webhooks log`; with `--jsonl` each delivery is a line. */
export interface WebhookLogJson {
  /** Newest first. */
  deliveries: DeliveryJson[];
  /** The `--cursor` for the next page; `null` at the end. */
  cursor: string | null;
}

/** Output of `webhooks test` */
export interface WebhookTestedJson {
  /** What was sent, and what came back. */
  delivery: DeliveryJson;
}

/** Output of `webhooks resend` */
export interface WebhookResentJson {
  /** Those that were sent again, with what the attempts came to so far. */
  deliveries: DeliveryJson[];
  /** Those that were not: their webhook was removed or is disabled, or there is no such delivery. */
  refused: { deliveryId: string; error: string }[];
}
