/** Endpoints of webhooks, in place of the network: each request is kept, and answered as the test says. */
import { vi } from "vitest";
import type { Policy } from "../../../convex/sessionTracker/shared/settings.js";
import type { WebhookPayload } from "../../../convex/sessionTracker/shared/webhooks/events.js";
import type { RunKind } from "../../../convex/sessionTracker/shared/runs/kinds.js";
import type {
  Events,
  WebhookFormat,
} from "../../../convex/sessionTracker/shared/webhooks/webhook.js";
import { advance } from "../support/clock.js";
import { api, t } from "../support/fresh.js";

export interface Received {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string;
  /** When, in ms since the epoch. */
  at: number;
}

export class Endpoints {
  readonly received: Received[] = [];
  /** Answers the next request; throws where there is to be no answer. */
  answer: (request: Received) => Response = () => new Response("ok");

  /** Stands in for `fetch`, until the test is over and calls `vi.unstubAllGlobals`. */
  constructor() {
    vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
      const { method = "GET", headers = {}, body = "" } = init;
      const request = {
        url,
        method,
        headers: headers as Record<string, string>,
        body: body as string,
        at: Date.now(),
      };
      this.received.push(request);
      return this.answer(request);
    });
  }

  get payloads(): WebhookPayload[] {
    return this.received.map(({ body }) => JSON.parse(body) as WebhookPayload);
  }

  get types(): string[] {
    return this.payloads.map(({ type }) => type);
  }
}

export const HOOK_URL = "https://example.com/hooks/s3cr3t-part";

export async function addWebhook(
  asked: {
    url?: string;
    name?: string;
    format?: WebhookFormat;
    events?: Events;
    kinds?: RunKind[];
  } = {},
) {
  const { webhook, secret } = await t.action(api.alerts.webhooks.add, {
    url: HOOK_URL,
    format: "standard",
    actor: "tester",
    ...asked,
  });
  return { webhookId: webhook.webhookId, webhook, secret: secret ?? "" };
}

/** Lets what is due be delivered. */
export async function deliver(): Promise<void> {
  await advance(t, 2_000);
}

export async function deliveries() {
  const args = { limit: 100 };
  return (await t.query(api.alerts.deliveries.page, args)).deliveries;
}

export async function onlyWebhook() {
  const [webhook] = await t.query(api.alerts.webhooks.list, {});
  if (webhook === undefined) throw new Error("There is no webhook.");
  return webhook;
}

export async function changeSettings(patch: Partial<Policy>): Promise<void> {
  await t.mutation(api.settings.settings.change, { patch, actor: "ann" });
}
