/** `webhooks remove` and `webhooks enable`. */
import type { CliContext } from "../context.js";
import {
  announceTarget,
  connect,
  type GlobalOptions,
} from "../deployment/connect.js";
import {
  toWebhookJson,
  type WebhookEnabledJson,
  type WebhookRemovedJson,
} from "../json/webhooks/webhooks.js";
import { confirmYes } from "../terminal/confirm.js";
import { print, printJson } from "../terminal/output.js";
import { nameOf } from "./text.js";

export interface WebhookEnableOptions extends GlobalOptions {
  readonly reason?: string;
}

export interface WebhookRemoveOptions extends WebhookEnableOptions {
  readonly yes?: boolean;
}

export async function removeWebhook(
  context: CliContext,
  webhookId: string,
  { reason, ...options }: WebhookRemoveOptions,
): Promise<void> {
  const connection = await connect(context, options);
  // A name or id that is none is refused before anybody is asked.
  const found = await connection.client.query("alerts/webhooks:get", {
    webhookId,
  });
  await announceTarget(context, connection);
  await confirmYes(
    context,
    options,
    `This removes the webhook ${nameOf(found)}: it is told of nothing any more, not of what still waits for it either, and its secret is gone. Go on?`,
  );
  const webhook = await connection.client.mutation("alerts/webhooks:remove", {
    webhookId,
    ...(reason === undefined ? {} : { reason }),
    actor: context.actor,
  });
  if (options.json) {
    return printJson(context, {
      webhook: toWebhookJson(webhook),
    } satisfies WebhookRemovedJson);
  }
  print(context, `Removed ${webhookId}: ${nameOf(webhook)}.`);
}

export async function enableWebhook(
  context: CliContext,
  webhookId: string,
  { reason, ...options }: WebhookEnableOptions,
): Promise<void> {
  const connection = await connect(context, options);
  await announceTarget(context, connection);
  const { enabled, webhook } = await connection.client.mutation(
    "alerts/webhooks:enable",
    {
      webhookId,
      ...(reason === undefined ? {} : { reason }),
      actor: context.actor,
    },
  );
  if (options.json) {
    return printJson(context, {
      enabled,
      webhook: toWebhookJson(webhook),
    } satisfies WebhookEnabledJson);
  }
  print(
    context,
    enabled
      ? `Enabled ${webhookId}: ${nameOf(webhook)}. It is told of what happens from now on; \`sessions-ops webhooks log --status failed --webhook ${webhookId}\` lists what it has missed.`
      : `${webhookId} was enabled before.`,
  );
}
