/** `webhooks add`, and `rotate`, which make a secret that is shown once. */
import type { CliContext } from "../context.js";
import {
  announceTarget,
  connect,
  type GlobalOptions,
} from "../deployment/connect.js";
import { CliError } from "../errors.js";
import {
  toWebhookJson,
  type WebhookAddedJson,
  type WebhookRotatedJson,
} from "../json/webhooks/webhooks.js";
import { confirmYes } from "../terminal/confirm.js";
import { note, print, printJson } from "../terminal/output.js";
import { formatTime } from "../time/time.js";
import type { RunKind } from "../../convex/sessionTracker/shared/runs/kinds.js";
import {
  EVENT_TYPES,
  type WebhookEventType,
} from "../../convex/sessionTracker/shared/webhooks/events.js";
import { readUrl } from "../../convex/sessionTracker/shared/webhooks/urls.js";
import type { WebhookFormat } from "../../convex/sessionTracker/shared/webhooks/webhook.js";
import { nameOf, tellsOf } from "./text.js";

export interface WebhookAddOptions extends GlobalOptions {
  readonly name?: string;
  readonly events?: string;
  readonly kinds?: RunKind[];
  readonly format: WebhookFormat;
  readonly reason?: string;
}

export interface WebhookRotateOptions extends GlobalOptions {
  readonly yes?: boolean;
  readonly reason?: string;
}

/** Adds a webhook. @param address where it posts to; `-` has it read from stdin, where no list of processes shows it */
export async function addWebhook(
  context: CliContext,
  address: string,
  options: WebhookAddOptions,
): Promise<void> {
  // What the component would refuse is refused before anybody is asked for anything.
  const events =
    options.events === undefined ? undefined : readEvents(options.events);
  const url = checkedUrl(
    address === "-" ? await firstLine(context.stdin) : address,
  );
  const connection = await connect(context, options);
  await announceTarget(context, connection);
  const { name, format, kinds, reason } = options;
  const added = await connection.client.mutation("alerts/webhooks:add", {
    url,
    ...(name === undefined ? {} : { name }),
    format,
    ...(events === undefined ? {} : { events }),
    ...(kinds === undefined ? {} : { kinds }),
    ...(reason === undefined ? {} : { reason }),
    actor: context.actor,
  });
  const { webhook, secret } = added;
  if (options.json) {
    return printJson(context, {
      webhook: toWebhookJson(webhook),
      secret,
    } satisfies WebhookAddedJson);
  }
  const { webhookId } = webhook;
  print(
    context,
    `Added ${webhookId}: ${nameOf(webhook)}, ${tellsOf(webhook)}.`,
  );
  if (secret !== null) printSecret(context, secret);
  note(
    context,
    `\`sessions-ops webhooks test ${webhookId}\` says whether it answers.`,
  );
}

/** Gives a webhook another secret. */
export async function rotateSecret(
  context: CliContext,
  webhookId: string,
  { reason, ...options }: WebhookRotateOptions,
): Promise<void> {
  const connection = await connect(context, options);
  // A name or id that is none is refused before anybody is asked; the deployment refuses one without a secret.
  const found = await connection.client.query("alerts/webhooks:get", {
    webhookId,
  });
  await announceTarget(context, connection);
  if (found.format === "standard") {
    await confirmYes(
      context,
      options,
      `This makes another secret for the webhook ${nameOf(found)}; for a day the present one signs too, and one from before it no longer. Go on?`,
    );
  }
  const { webhook, secret } = await connection.client.mutation(
    "alerts/webhooks:rotate",
    {
      webhookId,
      ...(reason === undefined ? {} : { reason }),
      actor: context.actor,
    },
  );
  if (options.json) {
    return printJson(context, {
      webhook: toWebhookJson(webhook),
      secret,
    } satisfies WebhookRotatedJson);
  }
  printSecret(context, secret);
  const until = webhook.formerSecretUntil;
  if (until === null) return;
  print(
    context,
    `The secret before it signs as well until ${formatTime(until)}.`,
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function printSecret(context: CliContext, secret: string): void {
  print(
    context,
    `Secret: ${secret}\nIt signs what is delivered, and is not shown again: keep it where the receiver finds it.`,
  );
}

function checkedUrl(text: string): string {
  const read = readUrl(text);
  if ("fault" in read) throw new CliError("usage", read.fault);
  return read.url;
}

/** Reads types of events, and groups of them, such as `run` for all that begin with `run.`. */
function readEvents(text: string): WebhookEventType[] {
  const events = new Set<WebhookEventType>();
  for (const name of text.split(",").map((part) => part.trim())) {
    const meant = EVENT_TYPES.filter(
      (type) => type === name || type.startsWith(`${name}.`),
    );
    if (meant.length === 0) {
      throw new CliError(
        "usage",
        `--events ${JSON.stringify(name)} is no event. There are ${EVENT_TYPES.join(", ")}; what stands before a dot names all of these.`,
      );
    }
    for (const type of meant) events.add(type);
  }
  return [...events];
}

/** The longest line that is read: no address is longer. */
const MAX_LINE = 10_000;

async function firstLine(stdin: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.includes("\n") || text.length > MAX_LINE) break;
  }
  const [line = ""] = text.split("\n");
  if (line.trim() !== "") return line.trim();
  throw new CliError("usage", "There is no address on stdin: write it there.");
}
