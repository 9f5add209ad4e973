import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { STORAGE_MODULE } from "../../support/files/module.js";
import { KillableDeployment } from "../../support/process/killable.js";

const MIB = 1 << 20;
/** Size of the file, of which no large part may be in memory. */
const SIZE = 1024 * MIB;
/** What the process's memory may grow by meanwhile. */
const MAX_GROWTH = 128 * MIB;
const SLOW_READERS = 50;
const TIMEOUT_MS = 300_000;

const chunk = Buffer.alloc(MIB, "large");
let dataDir: string;
let deployment: KillableDeployment;
let idleBytes: number;

beforeAll(async () => {
  dataDir = mkdtempSync(path.join(tmpdir(), "large-"));
  deployment = await KillableDeployment.start(dataDir);
  const modules = { files: STORAGE_MODULE };
  expect(await deployment.push({ modules })).toMatchObject({ status: 200 });
  await deployment.post("/api/mutation", { path: "files:uploadUrl", args: {} });
  idleBytes = (await deployment.memory()).rss;
});

afterAll(async () => {
  await deployment.kill();
  rmSync(dataDir, { recursive: true });
});

test(
  "a file of 1 GiB is uploaded and served in little memory, to slow readers too",
  async () => {
    const highest = watchMemory();
    const id = await upload();
    console.log(`Uploading: ${highest() / MIB} MiB more than idle`);
    expect(highest()).toBeLessThan(MAX_GROWTH);

    const url = await call("query", "url", { id });
    const slow = await Promise.all(
      Array.from({ length: SLOW_READERS }, () => openUnread(url)),
    );
    const hash = createHash("sha256");
    let read = 0;
    for await (const bytes of (await fetch(url)).body!) {
      hash.update(bytes);
      read += bytes.length;
    }
    expect(read).toBe(SIZE);
    expect(hash.digest("hex")).toBe(expectedDigest());
    for (const socket of slow) socket.destroy();
    console.log(
      `Serving, with ${SLOW_READERS} that do not read: ${highest() / MIB} MiB more than idle`,
    );
    expect(highest()).toBeLessThan(MAX_GROWTH);
  },
  TIMEOUT_MS,
);

async function upload(): Promise<string> {
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent === SIZE) return controller.close();
      controller.enqueue(chunk);
      sent += chunk.length;
    },
  });
  const url = await call("mutation", "uploadUrl", {});
  const init = { method: "POST", body, duplex: "half" } as RequestInit;
  const response = await fetch(url, init);
  return ((await response.json()) as { storageId: string }).storageId;
}

/** Watches the memory of the process; the result tells the most that it had more than when idle. */
function watchMemory(): () => number {
  let highestBytes = 0;
  let isOver = false;
  const watch = async () => {
    while (!isOver) {
      const { rss } = await deployment.memory();
      highestBytes = Math.max(highestBytes, rss - idleBytes);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  void watch();
  onTestFinished(() => {
    isOver = true;
  });
  return () => highestBytes;
}

/** Asks for a file, and reads nothing of it. */
async function openUnread(url: string): Promise<Socket> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.pause();
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(`GET ${pathname} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  return socket;
}

async function call(
  kind: "query" | "mutation",
  name: string,
  args: object,
): Promise<string> {
  const request = { path: `files:${name}`, args };
  const { body } = await deployment.post(`/api/${kind}`, request);
  expect(body).toMatchObject({ status: "success" });
  return (body as { value: string }).value;
}

function expectedDigest(): string {
  const hash = createHash("sha256");
  for (let n = 0; n < SIZE / chunk.length; n += 1) hash.update(chunk);
  return hash.digest("hex");
}
