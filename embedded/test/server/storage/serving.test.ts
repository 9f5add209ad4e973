import { createHash } from "node:crypto";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestDeployment } from "../../support/deployment.js";
import { filesIn } from "../../support/files/folder.js";
import { STORAGE_MODULE } from "../../support/files/module.js";

const files = anyApi["files"]!;
const TEXT = "0123456789";
const HTTP = `
  import { httpRouter, httpActionGeneric as httpAction } from "convex/server";
  const http = httpRouter();
  http.route({ path: "/files", method: "POST", handler: httpAction(async (ctx, request) =>
    new Response(await ctx.storage.store(await request.blob()))) });
  http.route({ path: "/files", method: "GET", handler: httpAction(async (ctx, request) =>
    new Response(await ctx.storage.get(new URL(request.url).searchParams.get("id")))) });
  export default http;`;
let deployment: TestDeployment;
let client: ConvexHttpClient;
let url: string;
beforeAll(async () => {
  deployment = await TestDeployment.open();
  await deployment.push({ modules: { files: STORAGE_MODULE, http: HTTP } });
  client = new ConvexHttpClient(deployment.url);
  url = await urlOf(await store(TEXT));
});
afterAll(() => deployment.remove());

const store = async (text: string) =>
  (await client.action(files["store"]!, {
    text,
    type: "text/plain",
  })) as string;
const urlOf = async (id: string) =>
  (await client.query(files["url"]!, { id })) as string;

describe("a file", () => {
  it("is sent with its type, its digest, and leave to keep it", async () => {
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(TEXT);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/plain",
      "content-length": "10",
      "cache-control": "private, max-age=2592000",
      "accept-ranges": "bytes",
      digest: `sha-256=${createHash("sha256").update(TEXT).digest("base64")}`,
    });
  });

  it("is described to HEAD without its bytes", async () => {
    const response = await fetch(url, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe("10");
    expect(await response.text()).toBe("");
  });

  it("is sent to pages of all origins", async () => {
    const headers = { origin: "https://app.example" };
    const response = await fetch(url, { headers });
    expect(response.headers.get("access-control-allow-origin")).toBe(
      "https://app.example",
    );
    expect(response.headers.get("vary")).toBe("Origin");
    await response.text();
  });

  it("without a type and bytes is sent as that", async () => {
    const id = (await client.action(files["store"]!, { text: "" })) as string;
    for (const headers of [{}, { range: "bytes=0-5" }]) {
      const response = await fetch(await urlOf(id), { headers });
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBeNull();
      expect(await response.text()).toBe("");
    }
  });

  it("is not found once it is deleted", async () => {
    const id = await store("to go");
    const gone = await urlOf(id);
    await client.mutation(files["remove"]!, { id });
    const response = await fetch(gone);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      code: "FileNotFound",
      message: `File ${gone.slice(gone.lastIndexOf("/") + 1)} not found`,
    });
  });

  it("that is being read when it is deleted is read to its end", async () => {
    const size = 4 * 1024 * 1024;
    const id = await store("x".repeat(size));
    const response = await fetch(await urlOf(id));
    const before = filesIn(deployment.dataDir).length;
    await client.mutation(files["remove"]!, { id });
    await expect
      .poll(() => filesIn(deployment.dataDir).length)
      .toBe(before - 1);
    expect((await response.text()).length).toBe(size);
  });
});

describe("a part of a file", () => {
  it.each([
    ["bytes=0-3", "0123", "bytes 0-3/10"],
    ["bytes=4-", "456789", "bytes 4-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-30", TEXT, "bytes 0-9/10"],
    ["bytes=9-9", "9", "bytes 9-9/10"],
    ["bytes=0-99999999999999999999", TEXT, "bytes 0-9/10"],
  ])("of %s is %s", async (range, text, contentRange) => {
    const response = await fetch(url, { headers: { range } });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(contentRange);
    expect(response.headers.get("content-length")).toBe(String(text.length));
    expect(response.headers.get("digest")).toBeNull();
    expect(await response.text()).toBe(text);
  });

  it.each([
    "bytes=10-",
    "bytes=5-2",
    "bytes=-0",
    "bytes=",
    "bytes=-",
    "bytes=a-b",
    "bytes=0-1,4-5",
  ])("of %s cannot be had", async (range) => {
    const response = await fetch(url, { headers: { range } });
    expect(response.status).toBe(416);
    expect(response.headers.get("content-range")).toBe("bytes */10");
    expect(await response.text()).toBe("");
  });

  it("in another unit is the whole", async () => {
    const response = await fetch(url, { headers: { range: "lines=0-1" } });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(TEXT);
  });
});

describe("a path", () => {
  it.each([
    "",
    "nothing",
    "..",
    "../../admin-key",
    "..%2f..%2fadmin-key",
    "%2e%2e/%2e%2e/admin-key",
    "..\\..\\admin-key",
    "/etc/passwd",
    "unsettled",
    "upload/../../x",
    "00000000-0000-4000-8000-000000000000/../x",
    "00000000-0000-4000-8000-000000000000%00.png",
  ])("that names no file is refused: %s", async (name) => {
    expect(await rawStatus(`/api/storage/${name}`)).toBe(400);
  });

  it("of an unknown file or component is not found", async () => {
    const unknown = "/api/storage/00000000-0000-4000-8000-000000000000";
    expect(await rawStatus(unknown)).toBe(404);
    expect(await rawStatus(`${unknown}?component=../..`)).toBe(404);
    expect(await rawStatus(`${new URL(url).pathname}?component=part`)).toBe(
      404,
    );
  });

  it("takes GET and HEAD only", async () => {
    for (const method of ["POST", "PUT", "DELETE"]) {
      expect((await fetch(url, { method })).status).toBe(405);
    }
  });
});

it("is stored and served by an HTTP action as by others", async () => {
  const stored = await fetch(`${deployment.siteUrl}/files`, {
    method: "POST",
    body: "by HTTP",
    headers: { "content-type": "image/png" },
  });
  const id = await stored.text();
  const served = await fetch(`${deployment.siteUrl}/files?id=${id}`);
  expect(served.headers.get("content-type")).toBe("image/png");
  expect(await served.text()).toBe("by HTTP");
});

it("does not follow a link that lies in a file's place", async () => {
  const secret = path.join(deployment.dataDir, "secret.txt");
  writeFileSync(secret, "0123456789");
  const before = filesIn(deployment.dataDir);
  const target = await urlOf(await store("9876543210"));
  const [added] = filesIn(deployment.dataDir).filter(
    (file) => !before.includes(file),
  );
  const place = path.join(deployment.dataDir, "files", added!);
  rmSync(place);
  symlinkSync(secret, place);
  const response = await fetch(target);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain("0123456789");
});

it("tells a live query of files that come and go", async () => {
  const live = new ConvexClient(deployment.url);
  const counts: number[] = [];
  live.onUpdate(files["rows"]!, {}, (rows: unknown[]) =>
    counts.push(rows.length),
  );
  await expect.poll(() => counts.length).toBe(1);
  const id = await store("live");
  await expect.poll(() => counts.at(-1)).toBe(counts[0]! + 1);
  await client.mutation(files["remove"]!, { id });
  await expect.poll(() => counts.at(-1)).toBe(counts[0]);
  await live.close();
});

/** Status of a GET whose path is sent as it is; `fetch` would tidy it up. */
function rawStatus(target: string): Promise<number> {
  const socket = connect(Number(new URL(deployment.url).port), "127.0.0.1");
  socket.end(
    `GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
  );
  return new Promise((resolve, reject) => {
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    socket.on("end", () => resolve(Number(text.split(" ")[1])));
    socket.on("error", reject);
  });
}
