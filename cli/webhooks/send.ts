/** `webhooks test` and `webhooks resend`, which wait for the answer. */
import type { CliContext } from "../context.js";
import type { Delivery } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import {
  announceTarget,
  connect,
  type GlobalOptions,
} from "../deployment/connect.js";
import { CliError } from "../errors.js";
import {
  toDeliveryJson,
  type WebhookSentJson,
} from "../json/webhooks/webhooks.js";
import { print, printJson } from "../terminal/output.js";
import { printable } from "../terminal/printable.js";
import { answerText } from "./text.js";

/** Sends a test to a webhook, and fails where it does not arrive. */
export async function testWebhook(
  context: CliContext,
  webhookId: string,
  options: GlobalOptions,
): Promise<void> {
  const connection = await connect(context, options);
  await announceTarget(context, connection);
  const { client } = connection;
  const sent = await client.mutation("alerts/webhooks:test", { webhookId });
  await concludeSent(context, client, sent, options);
}

/** Sends a delivery once more, and fails where it does not arrive at once. */
export async function resendDelivery(
  context: CliContext,
  deliveryId: string,
  options: GlobalOptions,
): Promise<void> {
  const connection = await connect(context, options);
  await announceTarget(context, connection);
  const { client } = connection;
  const asked = { deliveryId };
  const sent = await client.mutation("alerts/deliveries:resend", asked);
  await concludeSent(context, client, sent, options);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

interface Sent {
  deliveryId: string;
  /** The number of the attempt. */
  attempt: number;
}

/** An endpoint has twenty seconds; the rest is for others that are before it. */
const PATIENCE_MS = 60_000;
const ASK_EVERY_MS = 250;

async function concludeSent(
  context: CliContext,
  client: ComponentClient,
  sent: Sent,
  { json }: GlobalOptions,
): Promise<void> {
  const delivery = await attempted(context, client, sent);
  const { deliveryId, status } = delivery;
  if (json) {
    printJson(context, {
      delivery: toDeliveryJson(delivery),
    } satisfies WebhookSentJson);
  } else if (status === "delivered") {
    print(context, `Delivered ${deliveryId}: ${answerText(delivery)}.`);
  }
  if (status === "delivered") return;
  throw new CliError(
    "failure",
    isOver(delivery, sent)
      ? `${deliveryId} was not delivered: ${printable(answerText(delivery))}${status === "pending" ? " It is tried again." : ""}`
      : `${deliveryId} is still waiting to be sent: \`sessions-ops webhooks log\` says what comes of it.`,
  );
}

/** The delivery, once the attempt is over, or nobody waits any longer. */
async function attempted(
  context: CliContext,
  client: ComponentClient,
  sent: Sent,
): Promise<Delivery> {
  const { deliveryId } = sent;
  for (let waitedMs = 0; ; waitedMs += ASK_EVERY_MS) {
    const delivery = await client.query("alerts/deliveries:get", {
      deliveryId,
    });
    if (delivery === null) {
      throw new CliError("failure", `The delivery ${deliveryId} is gone.`);
    }
    if (isOver(delivery, sent) || waitedMs >= PATIENCE_MS) return delivery;
    await context.sleep(ASK_EVERY_MS);
  }
}

function isOver({ status, attempt }: Delivery, sent: Sent): boolean {
  return status !== "pending" || attempt > sent.attempt;
}
