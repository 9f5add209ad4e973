/** Rows of the page's tables, in the words that commands have for them. */
import type {
  Delivery,
  Fire,
  ListedWebhook,
  Status,
} from "../deployment/api.js";
import { toFireJson } from "../json/schedule.js";
import { toWebhookJson } from "../json/webhooks/webhooks.js";
import { outcomeText } from "../schedules/history.js";
import { iso, isoOrNull } from "../time/time.js";
import { answerText, eventText, nameOf, tellsOf } from "../webhooks/text.js";
import type { BoundRow, DeliveryRow, FireRow, WebhookRow } from "./shapes.js";

export function toFireRow(fire: Fire): FireRow {
  return { ...toFireJson(fire), text: outcomeText(fire) };
}

export function toWebhookRow(webhook: ListedWebhook): WebhookRow {
  const { webhookId, disabled, failingSince } = toWebhookJson(webhook);
  const { last } = webhook;
  return {
    webhookId,
    which: nameOf(webhook),
    tellsOf: tellsOf(webhook),
    disabled,
    failingSince,
    last: last && toDeliveryRow(last),
  };
}

/** Without what the event says, and without all answers but the last: twenty of each would be half a megabyte. */
export function toDeliveryRow(delivery: Delivery): DeliveryRow {
  const { deliveryId, webhookId, at, status, attempts, nextAt } = delivery;
  return {
    deliveryId,
    webhookId,
    event: eventText(delivery),
    at: iso(at),
    status,
    attempts: attempts.length,
    answer: answerText(delivery),
    nextAt: isoOrNull(nextAt),
  };
}

/** The bounds on strangers, each with what it has refused. */
export function toBoundRows({ settings, refused }: Status): BoundRow[] {
  return [
    {
      setting: "maxNewSessionsPerMinute",
      what: "New visitors a minute",
      bound: settings.maxNewSessionsPerMinute,
      refused: refused.newSessions,
    },
    {
      setting: "maxNewSessionsPerMinutePerAddress",
      what: "New visitors a minute, from one address",
      bound: settings.maxNewSessionsPerMinutePerAddress,
      refused: refused.ofAddress,
    },
    {
      setting: "maxActionsPerMinute",
      what: "Actions of a session a minute",
      bound: settings.maxActionsPerMinute,
      refused: refused.actionsPerMinute,
    },
    {
      setting: "maxActionsPerSession",
      what: "Actions of a session",
      bound: settings.maxActionsPerSession,
      refused: refused.actionsPerSession,
    },
  ];
}
