/** Webhooks of a served deployment, from the command to a real HTTP server and back. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Webhook } from "svix";
import type {
  WebhookAddedJson,
  WebhookListJson,
  WebhookLogJson,
  WebhookTestedJson,
} from "../../../cli/json/webhooks/webhooks.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";
import type { WebhookPayload } from "../../../convex/sessionTracker/shared/webhooks/events.js";
import { RealCli } from "../support/realCli.js";

const cli = new RealCli();

interface Received {
  method: string | undefined;
  headers: Record<string, string>;
  body: string;
}
let received: Received[] = [];
let answer = (response: ServerResponse): unknown =>
  response.writeHead(204).end();
const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    const headers = request.headers as Record<string, string>;
    received.push({ method: request.method, headers, body });
    answer(response);
  });
});
let url = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in/0123456789`;
  await cli.serve();
}, 240_000);
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test("a webhook that was added is told, signed, of what commands do", async () => {
  const { webhook, secret } = await cli.json<WebhookAddedJson>(
    ["webhooks", "add", "-", "--events", "settings,run"],
    `${url}\n`,
  );
  const verify = ({ body, headers }: Received) =>
    new Webhook(secret ?? "").verify(body, headers) as WebhookPayload;
  const sent = await cli.json<WebhookTestedJson>([
    ...["webhooks", "test", webhook.webhookId],
  ]);
  expect(sent.delivery.attempts).toMatchObject([{ status: 204 }]);
  await cli.quick(["settings", "set", "pageSize=900"]);
  await expect.poll(() => received.length).toBe(2);
  expect(received.map(verify)).toMatchObject([
    { type: "webhook.test", data: { webhookId: webhook.webhookId } },
    {
      type: "settings.changed",
      data: { before: { pageSize: 1_000 }, after: { pageSize: 900 } },
    },
  ]);

  answer = (response) => response.destroy();
  const closed = await cli.run("webhooks", "test", webhook.webhookId);
  expect(closed.exitCode).toBe(1);
  expect(closed.stderr).toContain("was not delivered: fetch failed");
  answer = (response) =>
    response.writeHead(307, { location: "/elsewhere" }).end();
  const moved = await cli.run("webhooks", "test", webhook.webhookId);
  expect(moved.stderr).toContain("no redirect is followed");
  answer = (response) =>
    received.length % 2 === 0
      ? response.writeHead(200).end("ok")
      : response.writeHead(500).end("not now");
  received = [];
  await cli.quick(["settings", "set", "pageSize=901"]);
  // Five seconds later.
  await expect.poll(() => received.length, { timeout: 20_000 }).toBe(2);
  const [first, second] = received;
  expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
  expect(second?.body).toBe(first?.body);
  const [again] = received.map(verify);
  expect(again).toMatchObject({ data: { after: { pageSize: 901 } } });

  const log = await cli.quick<WebhookLogJson>(["webhooks", "log"]);
  expect(
    log.deliveries.map(({ attempts }) => attempts.map(({ status }) => status)),
  ).toEqual([[500, 200], [307], [null], [204], [204]]);
  const listed = await cli.run("webhooks", "list");
  const said = JSON.stringify([log, listed, closed, moved]);
  expect(said).toContain("http://127.0.0.1");
  expect(said).not.toContain("0123456789");
  expect(said).not.toContain(secret);
  await cli.quick(["webhooks", "remove", webhook.webhookId, "--yes"]);
}, 120_000);

test("a dead man's switch is pinged after a run", async () => {
  answer = (response) => response.writeHead(200).end();
  received = [];
  await cli.quick([
    "webhooks",
    "add",
    url,
    "--format",
    "ping",
    "--kinds",
    "purge",
  ]);
  const lastActive = Date.now() - 20 * DAY_MS;
  const row = { anonymousId: "old", createdAt: lastActive, lastActive };
  await cli.quick(["import", "-", "--yes"], `${JSON.stringify(row)}\n`);
  await cli.quick(["purge", "--days", "14", "--yes"]);
  await expect.poll(() => received.length).toBe(1);
  expect(received[0]).toMatchObject({ method: "GET", body: "" });
  const { webhooks } = await cli.quick<WebhookListJson>(["webhooks", "list"]);
  expect(webhooks).toMatchObject([{ format: "ping", last: { type: "ping" } }]);
}, 60_000);
