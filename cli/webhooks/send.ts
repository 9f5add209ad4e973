/** `webhooks test` and `webhooks resend`, which wait for the answers. */
import { MAX_LISTED_DELIVERIES } from "../../convex/sessionTracker/shared/limits.js";
import type { CliContext } from "../context.js";
import type { Delivery } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import {
  announceTarget,
  connect,
  type GlobalOptions,
} from "../deployment/connect.js";
import { CliError, messageOf } from "../errors.js";
import {
  toDeliveryJson,
  type WebhookResentJson,
  type WebhookTestedJson,
} from "../json/webhooks/webhooks.js";
import { confirmYes } from "../terminal/confirm.js";
import { print, printJson } from "../terminal/output.js";
import { readPages } from "../terminal/pages.js";
import { printable } from "../terminal/printable.js";
import { formatNumber } from "../terminal/words.js";
import { answerText } from "./text.js";

export interface WebhookResendOptions extends GlobalOptions {
  readonly failed?: boolean;
  readonly webhook?: string;
  readonly yes?: boolean;
}

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
  const delivery = await attempted(context, client, sent);
  if (options.json) {
    const shown = { delivery: toDeliveryJson(delivery) };
    printJson(context, shown satisfies WebhookTestedJson);
  } else if (delivery.status === "delivered") {
    print(context, deliveredText(delivery));
  }
  if (delivery.status === "delivered") return;
  throw new CliError("failure", failureText({ sent, delivery }));
}

/** Sends deliveries once more: those named, or all that failed. Fails where one does not arrive at once. */
export async function resendDeliveries(
  context: CliContext,
  named: readonly string[],
  options: WebhookResendOptions,
): Promise<void> {
  checkChoice(named, options);
  const connection = await connect(context, options);
  await announceTarget(context, connection);
  const { client } = connection;
  const ids = options.failed ? await failedIds(client, options) : named;
  if (options.failed && ids.length > 0) {
    const { length } = ids;
    const what =
      length === 1 ? "one delivery" : `${formatNumber(length)} deliveries`;
    await confirmYes(context, options, `This sends ${what} again. Go on?`);
  }
  const sent: Sent[] = [];
  const refused: { deliveryId: string; error: string }[] = [];
  for (const deliveryId of ids) {
    const outcome = await resendOne(client, deliveryId);
    if ("error" in outcome) refused.push(outcome);
    else sent.push(outcome);
  }
  const outcomes: Outcome[] = [];
  for (const one of sent) {
    const delivery = await attempted(context, client, one);
    outcomes.push({ sent: one, delivery });
    if (!options.json && delivery.status === "delivered") {
      print(context, deliveredText(delivery));
    }
  }
  if (options.json) {
    printJson(context, {
      deliveries: outcomes.map(({ delivery }) => toDeliveryJson(delivery)),
      refused,
    } satisfies WebhookResentJson);
  } else if (ids.length === 0) {
    print(context, "No delivery has failed.");
  }
  const faults = [
    ...refused.map(({ error }) => error),
    ...outcomes
      .filter(({ delivery }) => delivery.status !== "delivered")
      .map(failureText),
  ];
  const [first] = faults;
  if (first === undefined) return;
  const others = faults.length - 1;
  const more = others === 0 ? "" : ` So it is with ${others} more.`;
  throw new CliError("failure", `${first}${more}`);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

interface Sent {
  deliveryId: string;
  /** The number of the attempt. */
  attempt: number;
}

interface Outcome {
  sent: Sent;
  delivery: Delivery;
}

function checkChoice(
  named: readonly string[],
  { failed = false, webhook }: WebhookResendOptions,
): void {
  if (failed === named.length > 0) {
    throw new CliError(
      "usage",
      "Name deliveries by their ids, or all that failed with --failed, and not both.",
    );
  }
  if (webhook !== undefined && !failed) {
    throw new CliError("usage", "--webhook narrows --failed down: add that.");
  }
}

async function failedIds(
  client: ComponentClient,
  { webhook }: WebhookResendOptions,
): Promise<string[]> {
  const { rows } = await readPages(
    { limit: Infinity },
    MAX_LISTED_DELIVERIES,
    async (page) => {
      const found = await client.query("alerts/deliveries:page", {
        ...(webhook === undefined ? {} : { webhookId: webhook }),
        status: "failed",
        ...page,
      });
      return { rows: found.deliveries, cursor: found.cursor };
    },
  );
  // What a test found out then says nothing now.
  const events = rows.filter(({ type }) => type !== TEST);
  // As they happened.
  return events.map(({ deliveryId }) => deliveryId).reverse();
}

const TEST = "webhook.test";

/** Sends one again; one whose webhook is gone or disabled is refused, and the others are not kept from it. */
async function resendOne(
  client: ComponentClient,
  deliveryId: string,
): Promise<Sent | { deliveryId: string; error: string }> {
  try {
    return await client.mutation("alerts/deliveries:resend", { deliveryId });
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== "failure") throw error;
    return { deliveryId, error: messageOf(error) };
  }
}

function deliveredText(delivery: Delivery): string {
  return `Delivered ${delivery.deliveryId}: ${answerText(delivery)}.`;
}

function failureText({ sent, delivery }: Outcome): string {
  const { deliveryId, status } = delivery;
  if (!isOver(delivery, sent)) {
    return `${deliveryId} is still waiting to be sent: \`sessions-ops webhooks log\` says what comes of it.`;
  }
  const again = status === "pending" ? " It is tried again." : "";
  return `${deliveryId} was not delivered: ${printable(answerText(delivery))}${again}`;
}

/** An endpoint has twenty seconds; the rest is for others that are before it. */
const PATIENCE_MS = 60_000;
const ASK_EVERY_MS = 250;

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
