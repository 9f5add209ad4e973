/** `webhooks list` and `webhooks log`. */
import { MAX_LISTED_DELIVERIES } from "../../convex/sessionTracker/shared/limits.js";
import type { DeliveryStatus } from "../../convex/sessionTracker/shared/webhooks/webhook.js";
import type { CliContext } from "../context.js";
import type { Delivery } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { byDeploymentClock } from "../deployment/clock.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import {
  toDeliveryJson,
  toWebhookJson,
  type WebhookListJson,
  type WebhookLogJson,
} from "../json/webhooks/webhooks.js";
import {
  note,
  print,
  printJson,
  printJsonLine,
  widthOf,
} from "../terminal/output.js";
import { noteMore, readPages, type PageOptions } from "../terminal/pages.js";
import { adviceText } from "../terminal/words.js";
import { webhookAdvice } from "./advice.js";
import { deliveryTable, webhookTable } from "./text.js";

export interface WebhookLogOptions extends GlobalOptions, PageOptions {
  readonly webhook?: string;
  readonly status?: DeliveryStatus;
  readonly jsonl?: boolean;
}

export async function listWebhooks(
  context: CliContext,
  options: GlobalOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const webhooks = await client.query("alerts/webhooks:list", {});
  if (options.json) {
    return printJson(context, {
      webhooks: webhooks.map(({ last, ...webhook }) => ({
        ...toWebhookJson(webhook),
        last: last === null ? null : toDeliveryJson(last),
      })),
    } satisfies WebhookListJson);
  }
  if (webhooks.length === 0) {
    print(context, "No webhooks.");
    note(
      context,
      "`sessions-ops webhooks add https://example.com/hook` adds one.",
    );
    return;
  }
  const now = (await byDeploymentClock(context, client)).now();
  print(context, webhookTable(webhooks, now, widthOf(context)));
  for (const webhook of webhooks) {
    const advice = webhookAdvice(webhook);
    if (advice !== null) note(context, adviceText(advice));
  }
}

export async function showDeliveries(
  context: CliContext,
  options: WebhookLogOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const onPage = (deliveries: Delivery[]) => {
    if (!options.jsonl) return;
    for (const one of deliveries) printJsonLine(context, toDeliveryJson(one));
  };
  const { rows: deliveries, cursor } = await readLog(client, options, onPage);
  if (options.json) {
    return printJson(context, {
      deliveries: deliveries.map(toDeliveryJson),
      cursor,
    } satisfies WebhookLogJson);
  }
  if (!options.jsonl) {
    const now = (await byDeploymentClock(context, client)).now();
    print(
      context,
      deliveries.length === 0
        ? "No deliveries."
        : deliveryTable(deliveries, now, widthOf(context)),
    );
  }
  noteMore(context, cursor);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

async function readLog(
  client: ComponentClient,
  { webhook, status, ...options }: WebhookLogOptions,
  onPage: (deliveries: Delivery[]) => void,
) {
  return await readPages(
    options,
    MAX_LISTED_DELIVERIES,
    async (page) => {
      const found = await client.query("alerts/deliveries:page", {
        ...(webhook === undefined ? {} : { webhookId: webhook }),
        ...(status === undefined ? {} : { status }),
        ...page,
      });
      return { rows: found.deliveries, cursor: found.cursor };
    },
    onPage,
  );
}
