/** Requests to real HTTP servers, which verify, fail, are slow, close and redirect. */
import { createHmac } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import type { Doc } from "../../convex/sessionTracker/_generated/dataModel.js";
import { post } from "../../convex/sessionTracker/alerts/post.js";
import { requestOf } from "../../convex/sessionTracker/alerts/request.js";

const SECRET = `whsec_${Buffer.from("a secret of 32 bytes, no more...").toString("base64")}`;
const FORMER = `whsec_${Buffer.from("the secret that was there before").toString("base64")}`;

interface Received {
  url: string | undefined;
  headers: Record<string, string>;
  body: string;
}

let received: Received[] = [];
let answer: (response: ServerResponse, request: IncomingMessage) => void;
let base = "";
const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    const headers = request.headers as Record<string, string>;
    received.push({ url: request.url, headers, body });
    answer(response, request);
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test("both implementations of the standard, and Node's own HMAC, verify what a server receives", async () => {
  answer = (response) => response.writeHead(204).end();
  const outcome = await send({
    formerSecret: { secret: FORMER, until: Infinity },
  });
  expect(outcome).toMatchObject({ status: 204 });
  const [{ headers, body } = none()] = received;
  for (const secret of [SECRET, FORMER]) {
    for (const Verifier of [StandardWebhook, SvixWebhook]) {
      const verified = new Verifier(secret).verify(body, headers);
      expect(verified).toEqual({
        type: "hook.failed",
        timestamp: "2026-03-01T00:00:00.000Z",
        deployment: "tall-tiger-123",
        message:
          "The app's hook onEnded failed for a visitor, who was served all the same. `sessions-ops hooks` says why.",
        data: { hook: "onEnded", call: "visitor" },
      });
      const another = { ...headers, "webhook-id": "another" };
      expect(() => new Verifier(secret).verify(body, another)).toThrow();
      expect(() => new Verifier(secret).verify(`${body} `, headers)).toThrow();
    }
    const key = Buffer.from(secret.replace("whsec_", ""), "base64");
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const hmac = createHmac("sha256", key).update(signed).digest("base64");
    expect(headers["webhook-signature"]?.split(" ")).toContain(`v1,${hmac}`);
  }
  expect(headers).toMatchObject({
    "content-type": "application/json",
    "webhook-id": "delivery1",
    "user-agent": expect.stringMatching(/^sessions-ops\//) as string,
  });
});

test("a server that fails says so, with the beginning of what it says, and no address", async () => {
  answer = (response, { url }) =>
    response
      .writeHead(503, { "retry-after": "120" })
      .end(`Cannot POST ${url}. ${"x".repeat(100_000)}`);
  const outcome = await send({ url: `${base}/hooks/0123456789?key=abcdefgh` });
  expect(outcome).toMatchObject({ status: 503, retryAfterMs: 120_000 });
  expect(outcome.body).toMatch(/^Cannot POST …\. x+$/);
  expect(outcome.body?.length).toBeLessThan(501);
  expect(received[0]?.url).toBe("/hooks/0123456789?key=abcdefgh");
});

test("a slow server is given up", async () => {
  answer = () => {};
  const outcome = await send({}, 200);
  expect(outcome).toMatchObject({ error: "No answer within 0.2 seconds." });
  expect(outcome.status).toBeUndefined();
  expect(outcome.durationMs).toBeGreaterThanOrEqual(190);
});

test("a server that has answered and then says no more has taken it", async () => {
  answer = (response) => response.writeHead(200).write("thanks");
  const outcome = await send({}, 200);
  expect(outcome).toMatchObject({ status: 200 });
  expect(outcome.body).toMatch(/^thanks \(.+\)$/);
});

test("a server that closes, or is not there, is an error without the address", async () => {
  answer = (response) => response.destroy();
  const closed = await send({ url: `${base}/0123456789` });
  expect(closed.error).toMatch(/fetch failed: other side closed/);
  const gone = await send({ url: "http://127.0.0.1:2/0123456789" });
  expect(gone.error).toMatch(/fetch failed: .*ECONNREFUSED/);
  expect(JSON.stringify([closed, gone])).not.toContain("0123456789");
});

test.each([301, 302, 303, 307, 308])(
  "a redirect of %d is not followed",
  async (status) => {
    answer = (response) =>
      response.writeHead(status, { location: "/other/0123456789" }).end();
    expect(await send({})).toMatchObject({
      status,
      error: `It redirects to ${base}/other/…, and no redirect is followed: add the address that it leads to.`,
    });
    expect(received).toHaveLength(1);
  },
);

// ── Helpers ─────────────────────────────────────────────────────────────────

type Webhook = Doc<"webhooks">;

async function send(webhook: Partial<Webhook>, timeoutMs?: number) {
  received = [];
  const row = {
    url: `${base}/`,
    format: "standard",
    secret: SECRET,
    ...webhook,
  } as Webhook;
  const delivery = {
    _id: "delivery1",
    type: "hook.failed",
    data: { hook: "onEnded", call: "visitor" },
    at: Date.UTC(2026, 2, 1),
  } as unknown as Doc<"deliveries">;
  const request = requestOf(row, delivery, "tall-tiger-123", Date.now());
  return await post(request, timeoutMs);
}

function none(): never {
  throw new Error("Nothing was received.");
}
