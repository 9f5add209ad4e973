/** What is sent to an endpoint, by the format of its webhook. */
import { v, type Infer } from "convex/values";
import { Webhook } from "standardwebhooks";
import type { Doc } from "../_generated/dataModel.js";
import { VERSION } from "../shared/version.js";
import type { WebhookPayload } from "../shared/webhooks/events.js";
import { sentenceOf } from "./words.js";

export const vRequest = v.object({
  url: v.string(),
  method: v.union(v.literal("POST"), v.literal("GET")),
  headers: v.record(v.string(), v.string()),
  body: v.optional(v.string()),
});
export type Request = Infer<typeof vRequest>;

/**
 * The request of an attempt. It has the same id as every other attempt of the delivery, and the time of its own.
 * @param deployment the deployment's name
 */
export function requestOf(
  webhook: Doc<"webhooks">,
  delivery: Doc<"deliveries">,
  deployment: string,
  now: number,
): Request {
  const { url, authorization } = addressOf(webhook);
  const headers: Record<string, string> = {
    "user-agent": `sessions-ops/${VERSION}`,
    "webhook-id": delivery._id,
    ...authorization,
  };
  if (webhook.format === "ping") return { url, method: "GET", headers };
  headers["content-type"] = "application/json";
  const body =
    webhook.format === "slack"
      ? slackBody(delivery, deployment)
      : JSON.stringify(payloadOf(delivery, deployment));
  if (webhook.format === "standard") {
    Object.assign(headers, signatureOf(webhook, delivery._id, body, now));
  }
  return { url, method: "POST", headers, body };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** `fetch` takes no user and password in an address: they go where a browser would put them. */
function addressOf({ url: address }: Doc<"webhooks">) {
  const url = new URL(address);
  const { username, password } = url;
  if (username === "" && password === "") return { url: url.href };
  url.username = "";
  url.password = "";
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const bytes = new TextEncoder().encode(pair);
  const authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  return { url: url.href, authorization: { authorization } };
}

function payloadOf(
  { type, data, at }: Doc<"deliveries">,
  deployment: string,
): WebhookPayload {
  const event = { type, data: data as unknown } as WebhookPayload;
  return {
    ...event,
    timestamp: new Date(at).toISOString(),
    deployment,
    message: sentenceOf(event),
  };
}

/** The headers of Standard Webhooks: signed by the secret, and while it lasts by the one before it. */
function signatureOf(
  { secret = "", formerSecret }: Doc<"webhooks">,
  id: string,
  body: string,
  now: number,
) {
  const secrets = [secret];
  if (formerSecret !== undefined && formerSecret.until > now) {
    secrets.push(formerSecret.secret);
  }
  const signed = secrets.map((one) =>
    new Webhook(one).sign(id, new Date(now), body),
  );
  return {
    "webhook-timestamp": String(Math.floor(now / 1_000)),
    "webhook-signature": signed.join(" "),
  };
}

function slackBody(delivery: Doc<"deliveries">, deployment: string): string {
  const { message } = payloadOf(delivery, deployment);
  const text = `*sessions-ops*, ${deployment}: ${message}`;
  // The three characters that Slack's own markup is made of.
  const escaped = text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
  return JSON.stringify({ text: escaped });
}
