/** Webhooks and their deliveries, as they are stored. Times are in ms since the epoch. */
import { v, type Infer } from "convex/values";
import { vRunKind } from "../runs/kinds.js";
import { EVENT_TYPES } from "./events.js";

/**
 * What is sent: signed JSON by Standard Webhooks; a text as Slack takes it; or nothing but a request, for a dead
 * man's switch.
 */
export const vWebhookFormat = v.union(
  v.literal("standard"),
  v.literal("slack"),
  v.literal("ping"),
);
export type WebhookFormat = Infer<typeof vWebhookFormat>;

export const vEventType = v.union(
  ...EVENT_TYPES.map((type) => v.literal(type)),
);

/** Events by their types; `all` has those of later versions as well. */
export const vEvents = v.union(v.literal("all"), v.array(vEventType));
export type Events = Infer<typeof vEvents>;

export const vDisabled = v.object({
  at: v.number(),
  /** `failing`: nothing was delivered for a day; `gone`: the endpoint answered 410. */
  why: v.union(v.literal("failing"), v.literal("gone")),
});
export type Disabled = Infer<typeof vDisabled>;

export const vWebhookFields = v.object({
  /** With all that it holds of secrets: it is shown to nobody, see `shownUrl`. */
  url: v.string(),
  /** What operators call it by, beside its id; no two share one. */
  name: v.optional(v.string()),
  format: vWebhookFormat,
  events: vEvents,
  /** Only events of runs and schedules of these kinds; absent: of all. Events of neither are told as well. */
  kinds: v.optional(v.array(vRunKind)),
  /** Signs deliveries in the format `standard`; the others have none. */
  secret: v.optional(v.string()),
  /** The secret before a rotation, which signs as well until its time is over. */
  formerSecret: v.optional(v.object({ secret: v.string(), until: v.number() })),
  /** Who added it. */
  actor: v.string(),
  /** When the first of the failures was since which nothing was delivered; absent while deliveries arrive. */
  failingSince: v.optional(v.number()),
  disabled: v.optional(vDisabled),
});

/** What an attempt came to. */
export const vAttempt = v.object({
  /** When it began. */
  at: v.number(),
  durationMs: v.number(),
  /** The status of the answer; absent where there was none. */
  status: v.optional(v.number()),
  /** What was wrong, where it was not the status. */
  error: v.optional(v.string()),
  /** The beginning of the answer's body. */
  body: v.optional(v.string()),
});
export type Attempt = Infer<typeof vAttempt>;

export const vDeliveryType = v.union(
  vEventType,
  v.literal("webhook.test"),
  /** A schedule has done what there was to do. */
  v.literal("ping"),
);
export type DeliveryType = Infer<typeof vDeliveryType>;

export const vDeliveryStatus = v.union(
  v.literal("pending"),
  v.literal("delivered"),
  v.literal("failed"),
);
export type DeliveryStatus = Infer<typeof vDeliveryStatus>;

export const vDeliveryFields = v.object({
  type: vDeliveryType,
  /** What the event says, see `WebhookEventData`. */
  data: v.any(),
  /** When it happened. */
  at: v.number(),
  status: vDeliveryStatus,
  /** The number of the attempt that is due or under way, or was the last; a job with another number does nothing. */
  attempt: v.number(),
  /** The attempts, newest last, at most `MAX_ATTEMPTS_KEPT`. */
  attempts: v.array(vAttempt),
  /** When the next attempt is due; absent where none is. */
  nextAt: v.optional(v.number()),
  finishedAt: v.optional(v.number()),
  /** Why it was given up without another attempt. */
  why: v.optional(v.string()),
});

/** The most attempts that a delivery keeps. */
export const MAX_ATTEMPTS_KEPT = 20;
