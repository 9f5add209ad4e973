import { createServer, type Server } from "node:http";
import { connect as openSocket, type AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { APP } from "../server/sync/app.js";
import { TestDeployment } from "../support/deployment.js";
import { SyncClient } from "../support/syncClient.js";
import { FakeClock } from "../support/fakeClock.js";
import { exchange } from "./attack.js";
import { HANDSHAKE, frame } from "./frames.js";

const MIB = 1 << 20;
/** Each test moves a hundred megabytes. */
const TIMEOUT_MS = 120_000;
const TEXT = 1;
const PING = 9;

let deployment: TestDeployment;
/** An identity provider that accepts connections and says nothing. */
let silent: Server;

beforeAll(async () => {
  silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as AddressInfo;
  const provider = {
    type: "customJwt",
    issuer: "https://silent.example",
    jwks: `http://127.0.0.1:${port}`,
    algorithm: "RS256",
  };
  // Without heartbeats, only a client's behaviour gets it dropped.
  deployment = await TestDeployment.open({ clock: new FakeClock() });
  const modules = {
    ...APP.modules,
    "auth.config": `export default { providers: [${JSON.stringify(provider)}] };`,
  };
  expect(await deployment.push({ ...APP, modules })).toMatchObject({
    status: 200,
  });
});

afterAll(async () => {
  silent.closeAllConnections();
  silent.close();
  await deployment.remove();
});

async function connect(): Promise<SyncClient> {
  const client = await SyncClient.connect(deployment.url);
  onTestFinished(() => client.drop());
  return client;
}

test(
  "a client that pings and reads nothing is dropped",
  async () => {
    const { hostname, port } = new URL(deployment.url);
    const ping = frame(PING, Buffer.alloc(125));
    const pings = Buffer.concat(Array.from({ length: 8_000 }, () => ping));
    const socket = openSocket(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    let isOver = false;
    socket.on("error", () => (isOver = true));
    socket.write(HANDSHAKE);
    // Nothing reads the socket, so its end shows in writing only.
    for (let sent = 0; !isOver && sent < 100; sent += 1) {
      await new Promise((resolve) => socket.write(pings, resolve));
    }
    expect(isOver).toBe(true);
  },
  TIMEOUT_MS,
);

test(
  "when many clients read nothing, some of them are dropped, and no client that reads",
  async () => {
    const { hostname, port } = new URL(deployment.url);
    const connected = {
      type: "Connect",
      sessionId: "unread",
      connectionCount: 0,
      lastCloseReason: "InitialConnect",
    };
    const watch = (reader: number) => ({
      type: "ModifyQuerySet",
      baseVersion: 0,
      newVersion: 1,
      // 8 MiB of each reader's own, so that no client is beyond its own bound.
      modifications: Array.from({ length: 2 }, (_, queryId) => ({
        type: "Add",
        queryId,
        udfPath: "f:big",
        args: [{ name: `big ${reader} ${queryId}`, bytes: 4 * MIB }],
      })),
    });
    const over = new Set<number>();
    const sockets = Array.from({ length: 30 }, (_, index) => {
      const socket = openSocket(Number(port), hostname);
      onTestFinished(() => void socket.destroy());
      socket.on("error", () => over.add(index));
      socket.write(HANDSHAKE);
      for (const message of [connected, watch(index)]) {
        socket.write(frame(TEXT, Buffer.from(JSON.stringify(message))));
      }
      return socket;
    });
    // The end of a connection shows in writing only; 30 times 8 MiB are 112 too many.
    const ping = frame(PING, Buffer.alloc(1));
    await expect
      .poll(
        () => {
          for (const socket of sockets) socket.write(ping);
          return over.size;
        },
        { timeout: TIMEOUT_MS },
      )
      .toBeGreaterThanOrEqual(10);
    const reader = await connect();
    reader.say(watch(30));
    await reader.next("Transition");
  },
  TIMEOUT_MS,
);

test(
  "messages of a client whose token is being checked do not fill memory",
  async () => {
    const asked = new Promise((resolve) => silent.once("request", resolve));
    const client = await connect();
    const part = (json: object) =>
      Buffer.from(JSON.stringify(json)).toString("base64url");
    const claims = { iss: "https://silent.example", sub: "a", exp: 1 };
    client.say({
      type: "Authenticate",
      tokenType: "User",
      value: `${part({ alg: "RS256" })}.${part(claims)}.AAAA`,
      baseVersion: 0,
    });
    await asked;
    const event = JSON.stringify({ type: "Event", filler: "x".repeat(MIB) });
    for (let sent = 0; sent < 100; sent += 1) client.say(event);
    // The client waits for as long as the provider may take.
    await client.next("AuthError");
    expect(client.socket.bufferedAmount).toBeGreaterThan(60 * MIB);
  },
  TIMEOUT_MS,
);

test(
  "a client whose query results are too large together is ended",
  async () => {
    const client = await connect();
    client.say({
      type: "ModifyQuerySet",
      baseVersion: 0,
      newVersion: 1,
      modifications: Array.from({ length: 40 }, (_, queryId) => ({
        type: "Add",
        queryId,
        udfPath: "f:big",
        args: [{ name: "big", bytes: 4 * MIB }],
      })),
    });
    expect((await client.next("FatalError")).error).toContain("watch fewer");
    expect(await client.closed()).toMatchObject({ code: 1008 });
  },
  TIMEOUT_MS,
);

test(
  "a batch of queries whose results are too large together is refused",
  async () => {
    const query = { path: "f:big", args: { name: "big", bytes: 4 * MIB } };
    const answer = await deployment.post("/api/query_batch", {
      queries: Array.from({ length: 40 }, () => query),
    });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: "BatchTooLarge" },
    });
  },
  TIMEOUT_MS,
);

test("a client that does not answer the close of its socket is cut off", async () => {
  const { hostname, port } = new URL(deployment.url);
  const received = await exchange({ hostname, port: Number(port) }, [
    HANDSHAKE,
    frame(TEXT, Buffer.from("nonsense")),
  ]);
  expect(received.toString("latin1")).toContain("FatalError");
});
