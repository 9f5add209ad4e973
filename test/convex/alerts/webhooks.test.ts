/** Adding webhooks, and what is shown of them: neither their address nor their secret. */
import { ConvexError } from "convex/values";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  readUrl,
  shownUrl,
  withoutAddress,
} from "../../../convex/sessionTracker/shared/webhooks/urls.js";
import { MAX_WEBHOOKS } from "../../../convex/sessionTracker/shared/limits.js";
import { advance } from "../support/clock.js";
import {
  addWebhook,
  changeSettings,
  deliver,
  deliveries,
  Endpoints,
  HOOK_URL,
  onlyWebhook,
  type Received,
} from "./endpointKit.js";
import { api, DAY_MS, freshComponent, NOW, t } from "../support/fresh.js";

let endpoints: Endpoints;
freshComponent();
beforeEach(() => {
  endpoints = new Endpoints();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe("an address", () => {
  test.each([
    ["https://example.com/hook", "https://example.com/…"],
    ["https://example.com/", "https://example.com/"],
    ["https://example.com/?token=abc", "https://example.com/…"],
    [
      "https://hooks.slack.com/services/T0/B0/x",
      "https://hooks.slack.com/services/…",
    ],
    ["https://example.com/5f3a9c/hook", "https://example.com/…"],
    ["https://ann:secret@example.com/a/b", "https://example.com/a/…"],
    ["http://127.0.0.1:8080/a", "http://127.0.0.1:8080/…"],
    ["http://[::1]:8080/a", "http://[::1]:8080/…"],
    ["http://localhost/a#part", "http://localhost/…"],
  ])("%s is taken, and shown as %s", (address, shown) => {
    const read = readUrl(address);
    expect(read).toHaveProperty("url");
    expect(shownUrl("url" in read ? read.url : "")).toBe(shown);
  });

  test.each([
    ["http://example.com/s3cr3t", "example.com begins with http:"],
    ["http://127.0.0.1.example.com/s3cr3t", "begins with http:"],
    ["http://192.168.0.1/s3cr3t", "begins with http:"],
    ["ftp://example.com/s3cr3t", "begins with ftp:"],
    ["s3cr3t", "is no URL"],
    [`https://example.com/s3cr3t${"x".repeat(2_000)}`, "longer than 2000"],
  ])("%s is refused, and not quoted", (address, why) => {
    const read = readUrl(address);
    const fault = "fault" in read ? read.fault : "";
    expect(fault).toContain(why);
    expect(fault).not.toContain("s3cr3t");
  });

  test("is taken out of texts that quote it, whole or in parts", () => {
    const address =
      "https://ann:hunter2hunter2@example.com/hooks/AbCd%20Ef12?key=0123456789";
    const text = `Cannot POST /hooks/AbCd%20Ef12?key=0123456789: ${address}; AbCd Ef12; 0123456789; hunter2hunter2; hooks`;
    expect(withoutAddress(text, address)).toBe(
      "Cannot POST …: …; …; …; …; hooks",
    );
  });
});

test("nothing but the answer to `add` has the secret, and nothing the address", async () => {
  endpoints.answer = ({ url }) =>
    new Response(`Cannot POST ${new URL(url).pathname}`, { status: 404 });
  const { webhookId, secret } = await addWebhook();
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  await changeSettings({ pageSize: 500 });
  await deliver();
  const { secret: second } = await t.action(api.alerts.webhooks.rotate, {
    webhookId,
    actor: "tester",
  });
  const shown = JSON.stringify([
    await t.query(api.alerts.webhooks.list, {}),
    await t.query(api.operator.status.get, {}),
    await t.query(api.operator.log.page, { limit: 100 }),
    await deliveries(),
    await t.mutation(api.alerts.webhooks.remove, {
      webhookId,
      actor: "tester",
    }),
    await t.query(api.operator.log.page, { limit: 100 }),
  ]);
  expect(shown).toContain("Cannot POST …");
  expect(shown).toContain("https://example.com/hooks/…");
  for (const hidden of [secret, second, "s3cr3t-part"]) {
    expect(shown).not.toContain(hidden);
  }
});

test.each([
  [{ url: "http://example.com/" }, "url"],
  [{ events: [] }, "events"],
  [{ kinds: [] }, "kinds"],
  [{ format: "ping" as const }, "kinds"],
  [
    {
      format: "ping" as const,
      kinds: ["purge" as const],
      events: ["run.failed" as const],
    },
    "events",
  ],
])("%j is refused", async (asked, argument) => {
  const error = await addWebhook(asked).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConvexError);
  expect(dataOf(error)).toMatchObject({ kind: "invalidArgument", argument });
  expect(await t.query(api.alerts.webhooks.list, {})).toEqual([]);
});

test("there are twenty at most", async () => {
  for (let added = 0; added < MAX_WEBHOOKS; added += 1) {
    await addWebhook({ url: `https://example.com/${added}` });
  }
  await expect(addWebhook()).rejects.toThrow("There are 20 webhooks");
});

describe("a name", () => {
  test("stands for the id", async () => {
    const { webhookId, webhook } = await addWebhook({ name: "pager" });
    expect(webhook.name).toBe("pager");
    const named = { webhookId: "pager", actor: "ann" };
    await t.mutation(api.alerts.webhooks.test, { webhookId: "pager" });
    await t.action(api.alerts.webhooks.rotate, named);
    await t.mutation(api.alerts.webhooks.enable, named);
    const { deliveries } = await t.query(api.alerts.deliveries.page, {
      ...{ webhookId: "pager", limit: 5 },
    });
    expect(deliveries).toMatchObject([{ webhookId }]);
    await t.mutation(api.alerts.webhooks.remove, named);
    const of = (one: string) =>
      t.query(api.alerts.deliveries.page, { webhookId: one, limit: 5 });
    expect((await of(webhookId)).deliveries).toHaveLength(1);
    await expect(of("pager")).rejects.toThrow("There is no webhook");
  });

  test("is refused where it tells nothing apart", async () => {
    const { webhookId } = await addWebhook({ name: "pager" });
    const url = "https://example.com/other";
    for (const name of ["", "a b", "-x", "x".repeat(41), "pager", webhookId]) {
      const error = await addWebhook({ url, name }).catch(dataOf);
      expect(error).toMatchObject({ argument: "name" });
    }
  });
});

describe("the same address", () => {
  test.each<Parameters<typeof addWebhook>>([
    [{}],
    [{ events: ["run.failed"], kinds: ["purge"] }],
    [{ events: ["settings.changed"] }],
    [{ format: "slack" }],
  ])("is not told twice of the same, as by %j", async (asked) => {
    await addWebhook({ name: "pager" });
    await expect(addWebhook(asked)).rejects.toThrow("The webhook pager tells");
  });

  test("is told by several of different things", async () => {
    const { webhookId } = await addWebhook({ events: ["run.failed"] });
    const ofRuns = { events: ["run.completed" as const] };
    await addWebhook({ ...ofRuns, kinds: ["purge"] });
    await addWebhook({ ...ofRuns, kinds: ["expire", "end"] });
    await addWebhook({ format: "ping", kinds: ["purge"] });
    await addWebhook({ format: "ping", kinds: ["expire"] });
    await expect(addWebhook({ events: ["run.failed"] })).rejects.toThrow(
      `The webhook ${webhookId} tells`,
    );
    await expect(
      addWebhook({ format: "ping", kinds: ["purge", "end"] }),
    ).rejects.toThrow("hear of each event twice");
  });
});

test("an unknown one is said to be none", async () => {
  const { webhookId } = await addWebhook();
  await t.mutation(api.alerts.webhooks.remove, { webhookId, actor: "ann" });
  for (const id of [webhookId, "nope"]) {
    const error = await t
      .mutation(api.alerts.webhooks.test, { webhookId: id })
      .catch((thrown: unknown) => thrown);
    expect(dataOf(error)).toMatchObject({ kind: "webhookNotFound" });
  }
});

test("deliveries are signed by the secret, and for a day after a rotation by both", async () => {
  const { webhookId, secret } = await addWebhook();
  await changeSettings({ pageSize: 500 });
  await deliver();
  const { secret: second } = await t.action(api.alerts.webhooks.rotate, {
    webhookId,
    actor: "tester",
  });
  expect((await onlyWebhook()).formerSecretUntil).toBe(Date.now() + DAY_MS);
  await changeSettings({ pageSize: 501 });
  await deliver();
  await advance(t, DAY_MS);
  expect((await onlyWebhook()).formerSecretUntil).toBeNull();
  await changeSettings({ pageSize: 502 });
  await deliver();
  const signers = await Promise.all(
    endpoints.received.map(async (request) => [
      await signs(request, secret),
      await signs(request, second),
    ]),
  );
  expect(signers).toEqual([
    [true, false],
    [true, true],
    [false, true],
  ]);
});

test("who added, rotated and removed one is in the audit log", async () => {
  const { webhookId } = await addWebhook({ events: ["run.failed"] });
  const by = { webhookId, actor: "ann", reason: "it leaked" };
  await t.action(api.alerts.webhooks.rotate, by);
  await t.mutation(api.alerts.webhooks.remove, by);
  const { entries } = await t.query(api.operator.log.page, { limit: 10 });
  const url = "https://example.com/hooks/…";
  expect(entries).toEqual([
    {
      at: NOW,
      what: "webhook.removed",
      actor: "ann",
      reason: "it leaked",
      target: webhookId,
      before: { url, format: "standard" },
    },
    {
      at: NOW,
      what: "webhook.rotated",
      actor: "ann",
      reason: "it leaked",
      target: webhookId,
    },
    {
      at: NOW,
      what: "webhook.added",
      actor: "tester",
      target: webhookId,
      after: { url, format: "standard", events: ["run.failed"] },
    },
  ]);
});

test("a user and password in the address go where a browser puts them", async () => {
  await addWebhook({ url: "https://ann:p%40ss@example.com/hook" });
  await changeSettings({ pageSize: 500 });
  await deliver();
  const [request] = endpoints.received;
  expect(request?.url).toBe("https://example.com/hook");
  expect(request?.headers["authorization"]).toBe("Basic YW5uOnBAc3M=");
});

test("Slack gets a text, in which its own markup is escaped", async () => {
  await addWebhook({ format: "slack", url: HOOK_URL });
  await t.mutation(api.settings.settings.change, {
    patch: { pageSize: 500 },
    actor: "ann <ann@desk> & co",
  });
  await deliver();
  const [request] = endpoints.received;
  const { text, ...rest } = JSON.parse(request?.body ?? "") as { text: string };
  expect(rest).toEqual({});
  expect(text).toMatch(
    /^\*sessions-ops\*, .+: ann &lt;ann@desk&gt; &amp; co changed pageSize \(revision 1\)\./,
  );
  expect(request?.headers).not.toHaveProperty("webhook-signature");
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function dataOf(error: unknown): Record<string, unknown> {
  const data: unknown = error instanceof ConvexError ? error.data : null;
  const value: unknown = typeof data === "string" ? JSON.parse(data) : data;
  return value as Record<string, unknown>;
}

const HOOK_HMAC = { name: "HMAC", hash: "SHA-256" };

/** Whether one of the request's signatures is made with the secret, as the standard says and by Web Crypto. */
async function signs(
  { headers, body }: Received,
  secret: string,
): Promise<boolean> {
  const bytes = (base64: string) =>
    Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const raw = bytes(secret.replace("whsec_", ""));
  const key = await crypto.subtle.importKey("raw", raw, HOOK_HMAC, false, [
    "verify",
  ]);
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  for (const signature of (headers["webhook-signature"] ?? "").split(" ")) {
    const [version, base64 = ""] = signature.split(",");
    expect(version).toBe("v1");
    const data = new TextEncoder().encode(signed);
    if (await crypto.subtle.verify("HMAC", key, bytes(base64), data))
      return true;
  }
  return false;
}
