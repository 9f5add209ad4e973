import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { APP } from "../server/sync/app.js";
import { KillableDeployment } from "../support/process/killable.js";
import { SyncClient } from "../support/syncClient.js";
import { GoodClient } from "./goodClient.js";

const WEB_SOCKETS = 3_000;
const WATCHING = 300;
const IDLE = 1_000;
const SLOW = 500;
/** Longest wait on a busy machine; connections are accepted a hundred at a time. */
const LONGEST_MS = 5_000;

const dataDir = mkdtempSync(join(tmpdir(), "crowd-"));
let deployment: KillableDeployment;

beforeAll(async () => {
  deployment = await KillableDeployment.start(dataDir);
  expect(await deployment.push(APP)).toMatchObject({ status: 200 });
});

afterAll(async () => {
  await deployment.kill();
  rmSync(dataDir, { recursive: true });
});

test(`${WEB_SOCKETS} WebSockets and ${IDLE + SLOW} slow HTTP connections at once slow nobody down for long`, async () => {
  const good = new GoodClient(deployment.url, "good");
  const before = await deployment.memory();
  const sockets = await many(WEB_SOCKETS, (n) =>
    SyncClient.connect(deployment.url, { sessionId: `crowd-${n}` }),
  );
  for (const client of sockets.slice(0, WATCHING)) {
    client.watch("f:get", { name: "crowd" });
  }
  const idle = await many(IDLE, () => open(""));
  const slow = await many(SLOW, (n) =>
    open(UNFINISHED[n % UNFINISHED.length]!),
  );
  await Promise.all(
    sockets.slice(0, WATCHING).map((s) => s.next("Transition")),
  );
  const crowded = await deployment.memory();

  const calm = good.latencies.length;
  const args = { name: "crowd" };
  for (let n = 1; n <= 10; n += 1) {
    expect(
      await deployment.post("/api/mutation", { path: "f:add", args }),
    ).toMatchObject({ status: 200, body: { status: "success" } });
  }
  await Promise.all(sockets.slice(0, WATCHING).map(sawTen));
  while (good.latencies.length < calm + 20) {
    await new Promise(setImmediate);
  }
  const counted = await good.stop();
  for (const client of sockets) client.drop();
  for (const socket of [...idle, ...slow]) socket.destroy();
  console.log(
    `with ${WEB_SOCKETS} WebSockets and ${IDLE + SLOW} HTTP connections: a good client's ${counted} mutations, ` +
      `p50 ${good.percentile(0.5).toFixed(1)} ms, longest ${good.percentile(1).toFixed()} ms; ` +
      `${((crowded.rss - before.rss) / (WEB_SOCKETS + IDLE + SLOW) / 1_024).toFixed()} KiB a connection`,
  );
  expect(counted).toBe(good.latencies.length);
  expect(good.percentile(1)).toBeLessThan(LONGEST_MS);
  await expect
    .poll(async () => (await deployment.memory()).heapUsed, { timeout: 20_000 })
    .toBeLessThan(before.heapUsed + (16 << 20));
  expect(deployment.hasEnded).toBe(false);
}, 60_000);

/** Requests that never come to their end. */
const UNFINISHED = [
  "POST /api/query HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
  "POST /api/mutation HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
  "GET /version HTTP/1.1\r\nHost: x\r\nX-Slow: ",
  "GET /api/1.48.0/sync HTTP/1.1\r\nUpgrade: websocket\r\n",
];

async function sawTen(client: SyncClient): Promise<void> {
  for (;;) {
    const { modifications } = await client.next("Transition");
    if (
      modifications.some((m) => m.type === "QueryUpdated" && m.value === 10)
    ) {
      return;
    }
  }
}

function open(sent: string): Promise<Socket> {
  const { hostname, port } = new URL(deployment.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(sent);
      resolve(socket);
    });
    socket.on("error", reject);
  });
}

/** Connections opened at a time: a listening socket has a queue of a few hundred. */
const AT_ONCE = 100;

async function many<T>(
  count: number,
  make: (n: number) => Promise<T>,
): Promise<T[]> {
  const made: T[] = [];
  while (made.length < count) {
    const size = Math.min(AT_ONCE, count - made.length);
    const from = made.length;
    made.push(
      ...(await Promise.all(
        Array.from({ length: size }, (_, i) => make(from + i)),
      )),
    );
  }
  return made;
}
