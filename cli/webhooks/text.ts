/** Webhooks and deliveries in words and tables. */
import type { Delivery, ListedWebhook, Webhook } from "../deployment/api.js";
import { formatTable } from "../terminal/table.js";
import { formatRelative, formatTime } from "../time/time.js";

export function webhookTable(
  webhooks: ListedWebhook[],
  now: number,
  width?: number,
): string {
  return formatTable(
    ["WEBHOOK", "ADDRESS", "TELLS OF", "STATE", "LAST"],
    webhooks.map((webhook) => [
      webhook.webhookId,
      nameOf(webhook),
      tellsOf(webhook),
      stateText(webhook),
      webhook.last === null ? "-" : lastText(webhook.last, now),
    ]),
    width,
  );
}

/** A webhook as operators know it: "pager (https://example.com/…)", or only its address in short. */
export function nameOf({ name, url }: Pick<Webhook, "name" | "url">): string {
  return name === null ? url : `${name} (${url})`;
}

/** What a webhook is told of, and in which form where that is not the usual one. */
export function tellsOf({ format, events, kinds }: Webhook): string {
  const of = kinds === null ? "" : ` of ${kinds.join(", ")}`;
  if (format === "ping") return `good runs${of}, as a ping`;
  const what = events === "all" ? "all events" : events.join(", ");
  return `${what}${of}${format === "slack" ? ", as for Slack" : ""}`;
}

function stateText({ disabled, failingSince }: Webhook): string {
  if (disabled !== null) {
    return `disabled ${formatTime(disabled.at)}, ${WHY[disabled.why]}`;
  }
  return failingSince === null
    ? "on"
    : `failing since ${formatTime(failingSince)}`;
}

/** Why a webhook was disabled. */
export const WHY: Record<NonNullable<Webhook["disabled"]>["why"], string> = {
  failing: "after a day of failures",
  gone: "as its endpoint is gone (410)",
};

function lastText(last: Delivery, now: number): string {
  return `${last.type} ${last.status}, ${formatRelative(last.at, now)}`;
}

export function deliveryTable(
  deliveries: Delivery[],
  now: number,
  width?: number,
): string {
  return formatTable(
    ["DELIVERY", "WEBHOOK", "EVENT", "AT", "STATE", "ANSWER"],
    deliveries.map((delivery) => [
      delivery.deliveryId,
      delivery.webhookId,
      eventText(delivery),
      formatTime(delivery.at),
      deliveryState(delivery, now),
      answerText(delivery),
    ]),
    width,
  );
}

/** The event's type, with the kind of run that it is about. */
export function eventText({ type, data }: Delivery): string {
  const { kind } = data as { kind?: string };
  return kind === undefined ? type : `${type} (${kind})`;
}

function deliveryState(delivery: Delivery, now: number): string {
  const { status, attempts, nextAt } = delivery;
  const { length } = attempts;
  const tries = length === 1 ? "" : `, ${length} attempts`;
  const next =
    nextAt === undefined || nextAt <= now
      ? ""
      : `, next ${formatRelative(nextAt, now)}`;
  return `${status}${tries}${next}`;
}

/** What the last attempt came to, as "200 in 35 ms". */
export function answerText({ attempts, why }: Delivery): string {
  const last = attempts.at(-1);
  if (why !== undefined) return why;
  if (last === undefined) return "-";
  const { status, error, body, durationMs } = last;
  const answer = [
    ...(status === undefined ? [] : [`${status} in ${durationMs} ms`]),
    ...(error === undefined ? [] : [error]),
    ...(body === undefined || status === undefined || status < 300
      ? []
      : [JSON.stringify(body.slice(0, 80))]),
  ];
  return answer.join(": ");
}
