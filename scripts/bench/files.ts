import { loadInTurns, median } from "./load.js";
import { report, type Figure } from "./report.js";
import type { MeasuredDeployment } from "./servers/deployment.js";
import { storeDocuments } from "./servers/documents.js";
import { EchoServer } from "./servers/echo.js";
import { HttpCaller } from "./servers/httpCaller.js";

/** Connections at once. */
const LOOPS = 16;
const WARM_UP = { loops: LOOPS, durationMs: 1_000, rounds: 1 };
const TURNS = { loops: LOOPS, durationMs: 1_500, rounds: 5 };
const SMALL_BYTES = 10_000;
const LARGE_BYTES = 256 * 1_024 * 1_024;
const LARGE_ROUNDS = 3;

/** Measures uploads, each of which is on disk before it is answered, and downloads of files. */
export async function benchFiles(): Promise<Figure[]> {
  const { deployment, ids } = await storeDocuments(100);
  const echo = await EchoServer.start();
  const http = new HttpCaller(() => deployment.url);
  const uploadUrl = await call(deployment, "mutation", "uploadUrl");
  const small = await upload(uploadUrl, Buffer.alloc(SMALL_BYTES, "small"));
  const smallUrl = await urlOf(deployment, small);
  const body = "s".repeat(SMALL_BYTES);
  const turns = [
    () => echo.http.call("mutation", "none", {}),
    (n: number) =>
      http.call("mutation", "documents:write", {
        id: ids[n % ids.length] ?? "",
        value: n,
      }),
    () => http.post(uploadUrl, body),
    () => download(smallUrl),
  ];
  await loadInTurns(WARM_UP, turns);
  const [bare = NaN, write = NaN, uploads = NaN, downloads = NaN] =
    await loadInTurns(TURNS, turns);
  const large = await benchLarge(deployment, uploadUrl);
  http.close();
  await echo.stop();
  await deployment.stop();
  const bareHttp = { name: "a bare node:http server", value: bare };
  const mutation = { name: "a one-document mutation", value: write };
  return [
    report(
      `upload of ${SMALL_BYTES} bytes, ${LOOPS} connections`,
      uploads,
      "files/s",
      { atLeast: 0.05 * write },
      mutation,
      bareHttp,
    ),
    report(
      `download of ${SMALL_BYTES} bytes, ${LOOPS} connections`,
      downloads,
      "files/s",
      { atLeast: 0.03 * bare },
      bareHttp,
    ),
    report(
      "upload of 256 MiB, one at a time",
      large.up,
      "MiB/s",
      { atLeast: 0.15 * large.down },
      { name: "its download", value: large.down },
    ),
    report("download of 256 MiB, one at a time", large.down, "MiB/s"),
  ];
}

async function benchLarge(deployment: MeasuredDeployment, uploadUrl: string) {
  const bytes = Buffer.alloc(LARGE_BYTES, "large");
  const [up, down]: [number[], number[]] = [[], []];
  for (let round = 0; round < LARGE_ROUNDS; round += 1) {
    let started = performance.now();
    const url = await urlOf(deployment, await upload(uploadUrl, bytes));
    up.push(rate(started));
    started = performance.now();
    await download(url);
    down.push(rate(started));
  }
  return { up: median(up), down: median(down) };
}

/** MiB a second since then, for the large file. */
function rate(started: number): number {
  const seconds = (performance.now() - started) / 1_000;
  return LARGE_BYTES / 1_024 / 1_024 / seconds;
}

async function upload(
  url: string,
  bytes: Buffer<ArrayBuffer>,
): Promise<string> {
  const response = await fetch(url, { method: "POST", body: bytes });
  return ((await response.json()) as { storageId: string }).storageId;
}

async function download(url: string): Promise<void> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`${url}: ${response.status}`);
  const reader = response.body?.getReader();
  while ((await reader?.read())?.done === false);
}

const urlOf = (deployment: MeasuredDeployment, id: string) =>
  call(deployment, "query", "fileUrl", { id });

async function call(
  deployment: MeasuredDeployment,
  kind: "query" | "mutation",
  name: string,
  args: object = {},
): Promise<string> {
  const value = await deployment.post(`/api/${kind}`, {
    path: `documents:${name}`,
    args: [args],
  });
  return value as string;
}
