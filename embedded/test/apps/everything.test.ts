import { createHmac } from "node:crypto";
import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { ConvexError } from "convex/values";
import { WebSocket } from "ws";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestDeployment } from "../support/deployment.js";
import { CliApp, type CliResult } from "../support/officialCli.js";
import { TestIssuer } from "../support/tokens.js";
import { environment, sources } from "./everything/sources.js";
import type { LocalServer } from "./servers/local.js";
import { startPostgres } from "./servers/postgres.js";
import { startRedis } from "./servers/redis.js";
import { startSmtp } from "./servers/smtp.js";
import { startWeb } from "./servers/web.js";

let deployment: TestDeployment;
let app: CliApp;
let deployed: CliResult;
let issuer: TestIssuer;
let client: ConvexHttpClient;
const servers: LocalServer[] = [];
const letters: string[] = [];

beforeAll(async () => {
  issuer = await TestIssuer.create();
  const [smtp, postgres, redis, web] = await Promise.all([
    startSmtp(letters),
    startPostgres(),
    startRedis(),
    startWeb(),
  ]);
  servers.push(smtp, postgres, redis, web);
  deployment = await TestDeployment.open();
  await deployment.step(
    "update_environment_variables",
    environment(issuer, {
      SMTP_PORT: String(smtp.port),
      REDIS_PORT: String(redis.port),
      WEB_URL: `http://127.0.0.1:${web.port}`,
    }) as Record<string, unknown>,
  );
  app = await CliApp.create(deployment, await sources());
  deployed = await app.convex("deploy", "--typecheck", "disable");
  client = new ConvexHttpClient(deployment.url);
}, 120_000);

afterAll(async () => {
  await deployment.remove();
  await app.remove();
  for (const server of servers) await server.close();
});

type Args = Record<string, unknown>;

const query = <T>(path: string, args: Args = {}) =>
  client.query(makeFunctionReference<"query", Args, T>(path), args);
const mutate = <T>(path: string, args: Args = {}) =>
  client.mutation(makeFunctionReference<"mutation", Args, T>(path), args);
const act = <T>(path: string, args: Args = {}) =>
  client.action(makeFunctionReference<"action", Args, T>(path), args);

/** A client of somebody who is signed in. */
async function signedIn(subject: string, name: string) {
  const token = await issuer.sign({ subject, claims: { name, team: "red" } });
  const theirs = new ConvexHttpClient(deployment.url, { auth: token });
  await theirs.mutation(makeFunctionReference<"mutation">("chat:signIn"), {});
  return theirs;
}

/** An embedding that points in one of eight directions. */
const towards = (direction: number) =>
  Array.from({ length: 8 }, (_, n) => (n === direction ? 1 : 0.1));

test("the official CLI deploys the whole app", () => {
  expect(deployed.stderr).toContain("Deployed Convex functions to");
  expect(deployed.code).toBe(0);
});

describe("a gallery", () => {
  test("keeps what was uploaded, and what it wrote itself", async () => {
    const upload = await fetch(await mutate<string>("pictures:uploadUrl"), {
      method: "POST",
      headers: { "content-type": "image/png" },
      body: new Uint8Array([1, 2, 3]),
    });
    const { storageId } = (await upload.json()) as { storageId: string };
    await mutate("pictures:add", {
      name: "cat",
      owner: "ann",
      caption: "A black cat on a red roof",
      embedding: towards(0),
      storageId,
    });
    await act("pictures:write", {
      name: "dog",
      owner: "bob",
      caption: "A dog, black and wet",
      embedding: towards(1),
      text: "woof",
    });
    const served = await fetch(
      await query<string>("pictures:url", { storageId }),
    );
    expect(served.headers.get("content-type")).toBe("image/png");
    expect(new Uint8Array(await served.arrayBuffer())).toEqual(
      new Uint8Array([1, 2, 3]),
    );
    await expect(
      mutate("pictures:add", {
        name: "none",
        owner: "ann",
        caption: "",
        embedding: [],
        storageId: storageId.replace(/^./, "0"),
      }),
    ).rejects.toThrow();
  });

  test("finds pictures by the words of their captions", async () => {
    const search = (text: string, owner?: string) =>
      query("pictures:search", {
        text,
        limit: 10,
        ...(owner === undefined ? {} : { owner }),
      });
    expect(await search("roof")).toEqual(["cat"]);
    expect(await search("bla")).toHaveLength(2);
    expect(await search("black", "bob")).toEqual(["dog"]);
    expect(await search("white")).toEqual([]);
  });

  test("finds pictures that are like another", async () => {
    const similar = (embedding: number[], owners?: string[]) =>
      act<{ name: string; score: number }[]>("pictures:similar", {
        embedding,
        limit: 10,
        ...(owners === undefined ? {} : { owners }),
      });
    const found = await similar(towards(1));
    expect(found.map(({ name }) => name)).toEqual(["dog", "cat"]);
    expect(found[0]!.score).toBeCloseTo(1);
    expect(await similar(towards(1), ["ann", "eve"])).toMatchObject([
      { name: "cat" },
    ]);
  });
});

describe("a chat", () => {
  test("is for who is signed in, and shows what is new", async () => {
    await expect(query("chat:me")).rejects.toThrow(ConvexError);
    const [ann, bob] = [await signedIn("1", "Ann"), await signedIn("2", "Bob")];
    const post = makeFunctionReference<"mutation">("chat:post");
    const read = makeFunctionReference<"query", Args, { page: string[] }>(
      "chat:read",
    );
    const shown: string[][] = [];
    const live = new ConvexClient(deployment.url, {
      webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
    });
    const args = {
      room: "lobby",
      paginationOpts: { cursor: null, numItems: 2 },
    };
    live.onUpdate(read, args, ({ page }) => shown.push(page));
    await ann.mutation(post, { room: "lobby", text: "hello" });
    await bob.mutation(post, { room: "lobby", text: "hi" });
    await expect.poll(() => shown.at(-1)).toEqual(["Bob: hi", "Ann: hello"]);
    await live.close();
    expect(
      await ann.query(makeFunctionReference<"query">("chat:me"), {}),
    ).toMatchObject({ name: "Ann", team: "red" });
    const stranger = await TestIssuer.create("https://elsewhere.example");
    const refused = new ConvexHttpClient(deployment.url, {
      auth: await stranger.sign(),
    });
    await expect(
      refused.query(makeFunctionReference<"query">("chat:me"), {}),
    ).rejects.toThrow();
  });

  test("knows who is there, and who has gone", async () => {
    const ann = await signedIn("1", "Ann");
    const enter = makeFunctionReference<"mutation">("chat:enter");
    const beat = { room: "lobby", session: "phone", intervalMs: 400 };
    await ann.mutation(enter, beat);
    expect(await query("chat:present", { room: "lobby" })).toEqual(["Ann"]);
    await expect
      .poll(() => query("chat:present", { room: "lobby" }))
      .toEqual([]);
  });
});

describe("packages for Node", () => {
  test("nodemailer and winston", async () => {
    expect(
      await act("node/letters:send", {
        to: "ann@example.com",
        subject: "Grüße",
        text: "Hello",
      }),
    ).toMatchObject({
      accepted: ["ann@example.com"],
      lines: [expect.stringMatching(/"label":"letters".*"message":"sent"/)],
    });
    expect(letters).toEqual([expect.stringContaining("filename=a.bin")]);
    expect(letters[0]).toContain("////");
  });

  test("axios and cheerio", async () => {
    expect(await act("node/pages:links", { path: "/page" })).toEqual([
      "One: /a",
      "Two & more: /b",
    ]);
    expect(
      await act("node/pages:post", { path: "/echo", body: { n: [1] } }),
    ).toEqual({ status: 200, data: { echoed: { n: [1] } } });
    expect(
      await act("node/pages:post", { path: "/nowhere", body: {} }),
    ).toEqual({ status: 404, code: "ERR_BAD_REQUEST" });
  });

  test("pg, whether its database is there or not", async () => {
    const [, postgres] = servers;
    const ask = (port: number) =>
      act("node/databases:sql", { port, text: "schön" });
    expect(await ask(postgres!.port)).toBe("schön");
    expect(await ask(1)).toBe("ECONNREFUSED");
  });

  test("ioredis", async () => {
    const entry = { key: "k", value: "v" };
    expect(await act("node/databases:cache", entry)).toBe("v");
  });

  test("stripe and sendgrid", async () => {
    expect(
      await act("node/payments:customer", { email: "ann@example.com" }),
    ).toBe("cus_ann@example.com");
    const to = { to: "ann@example.com" };
    expect(await act("node/letters:sendByApi", to)).toBe(202);
  });

  test("twilio", async () => {
    const call = { url: "https://example.com/call", from: "+4930" };
    const signature = createHmac("sha1", "token_test")
      .update(`${call.url}From${call.from}`)
      .digest("base64");
    const answer = (signed: string) =>
      act("node/calls:answer", { ...call, signature: signed });
    expect(await answer(signature)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><Response><Say language="en-GB">Hello +4930 &amp; goodbye</Say><Hangup/></Response>',
    );
    expect(await answer("wrong")).toBeNull();
  });
});

describe("HTTP actions", () => {
  test("take and give files, and stream", async () => {
    const sent = await fetch(`${deployment.siteUrl}/files`, {
      method: "POST",
      body: "by mail",
    });
    expect(sent.status).toBe(201);
    const { storageId } = (await sent.json()) as { storageId: string };
    const back = await fetch(`${deployment.siteUrl}/files/${storageId}`);
    expect(await back.text()).toBe("by mail");
    const stream = await fetch(`${deployment.siteUrl}/stream`);
    expect(await stream.text()).toBe("data: 1\n\ndata: 2\n\ndata: 3\n\n");
  });

  test("count a signed payment once", async () => {
    const body = JSON.stringify({
      id: "evt_1",
      object: "event",
      data: { object: { amount: 7 } },
    });
    const pay = async (text: string) => {
      const seconds = Math.floor(Date.now() / 1_000);
      const signature = createHmac("sha256", "whsec_test")
        .update(`${seconds}.${body}`)
        .digest("hex");
      const answer = await fetch(`${deployment.siteUrl}/payments`, {
        method: "POST",
        headers: { "stripe-signature": `t=${seconds},v1=${signature}` },
        body: text,
      });
      return answer.status;
    };
    expect([await pay(body), await pay(body)]).toEqual([200, 200]);
    expect(await pay(body.replace("7", "8"))).toBe(400);
    expect(await query("payments:total")).toBe(7);
  });
});

describe("components", () => {
  test("workflow and action-cache", async () => {
    const [price, again] = await act<[number, number]>(
      "mounted/orders:pricesOf",
      { item: "chair" },
    );
    expect(price).toBe(again);
    const placed = await mutate<{ id: string; workflowId: string }>(
      "mounted/orders:place",
      { item: "chair" },
    );
    const order = () => query("mounted/orders:order", placed);
    await expect
      .poll(order)
      .toMatchObject({ order: { state: "packed", price } });
    const { workflowId } = placed;
    await mutate("mounted/orders:collect", { workflowId, carrier: "bike" });
    await expect.poll(order).toMatchObject({
      order: { state: "shipped" },
      workflow: { type: "completed", result: "chair by bike" },
    });
  });

  test("resend", async () => {
    const to = { to: "delivered@resend.dev" };
    const id = await mutate<string>("mounted/letters:writeAndCancel", to);
    expect(await query("mounted/letters:status", { id })).toBe("cancelled");
    const body = JSON.stringify({
      type: "email.delivered",
      created_at: new Date().toISOString(),
      data: {
        email_id: "unknown",
        created_at: new Date().toISOString(),
        from: "app@resend.dev",
        to: ["ann@example.com"],
        subject: "Hello",
      },
    });
    const tell = async (secret: string) => {
      const seconds = Math.floor(Date.now() / 1_000);
      const signature = createHmac("sha256", Buffer.from(secret, "base64"))
        .update(`msg_1.${seconds}.${body}`)
        .digest("base64");
      const answer = await fetch(`${deployment.siteUrl}/letters`, {
        method: "POST",
        headers: {
          "svix-id": "msg_1",
          "svix-timestamp": String(seconds),
          "svix-signature": `v1,${signature}`,
        },
        body,
      });
      return answer.status;
    };
    expect(await tell("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).toBe(201);
    expect(await tell("AAAA")).toBe(500);
  });

  test("prosemirror-sync", async () => {
    const id = "readme";
    const write = (text: string) =>
      mutate("mounted/documents:write", { id, text });
    await mutate("mounted/documents:create", { id });
    expect([await write("world"), await write("hello ")]).toEqual([
      "world",
      "hello world",
    ]);
    expect(await query("mounted/documents:latestVersion", { id })).toBe(3);
  });

  test("agent", async () => {
    const threadId = await mutate("mounted/assistant:begin", { user: "ann" });
    const say = (text: string) =>
      act("mounted/assistant:say", { threadId, text });
    expect(await say("Zebras have stripes")).toEqual({
      answer: "As you say.",
      messages: 2,
    });
    const green = { threadId, text: "My bike is green" };
    expect(await act("mounted/assistant:stream", green)).toBe("As you say.");
    const remember = (text: string) =>
      act<string[]>("mounted/assistant:remember", { threadId, text });
    expect(await remember("bike")).toContain("My bike is green");
    expect(await remember("Zoo")).toContain("Zebras have stripes");
  });
});

test("all of it is there after a restart", async () => {
  const { dataDir } = deployment;
  await deployment.close();
  deployment = await TestDeployment.open({ dataDir });
  client = new ConvexHttpClient(deployment.url);
  const ticks = await query<number>("crons:ticks", { cron: "often" });
  expect(ticks).toBeGreaterThan(0);
  expect(await query("payments:total")).toBe(7);
  expect(await query("pictures:ofOwner", { owner: "ann" })).toEqual(["cat"]);
  const search = { text: "roof", limit: 10 };
  expect(await query("pictures:search", search)).toEqual(["cat"]);
  const similar = { embedding: towards(1), limit: 1 };
  expect(await act("pictures:similar", similar)).toMatchObject([
    { name: "dog" },
  ]);
  expect(
    await mutate("mounted/documents:write", { id: "readme", text: "> " }),
  ).toBe("> hello world");
  await expect
    .poll(() => query<number>("crons:ticks", { cron: "often" }))
    .toBeGreaterThan(ticks);
});
