import { createHash } from "node:crypto";
import { connect } from "node:net";
import { ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestDeployment } from "../../support/deployment.js";
import { FakeClock } from "../../support/fakeClock.js";
import { filesIn } from "../../support/files/folder.js";
import { STORAGE_MODULE } from "../../support/files/module.js";

const files = anyApi["files"]!;
const clock = new FakeClock();
let deployment: TestDeployment;
let client: ConvexHttpClient;
beforeAll(async () => {
  deployment = await TestDeployment.open({ clock });
  const modules = { files: STORAGE_MODULE };
  const pushed = await deployment.push({
    modules,
    children: { part: "part" },
    components: { part: { modules } },
  });
  expect(pushed.status).toBe(200);
  client = new ConvexHttpClient(deployment.url);
});
afterAll(() => deployment.remove());

const uploadUrl = () =>
  client.mutation(files["uploadUrl"]!, {}) as Promise<string>;

async function upload(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) {
  const url = await uploadUrl();
  return fetch(url, { method: "POST", body, headers });
}

const refusal = async (response: Response) =>
  [response.status, (await response.json()) as unknown] as const;

describe("an upload", () => {
  it("stores what was sent, and answers with its id", async () => {
    const response = await upload("a photo", { "content-type": "image/png" });
    expect(response.status).toBe(200);
    const { storageId } = (await response.json()) as { storageId: string };
    expect(await client.query(files["row"]!, { id: storageId })).toMatchObject({
      _id: storageId,
      contentType: "image/png",
      size: 7,
      sha256: sha256("a photo"),
    });
    const args = { id: storageId };
    const url = (await client.query(files["url"]!, args)) as string;
    expect(await (await fetch(url)).text()).toBe("a photo");
  });

  it.each([
    ["text/plain;charset=UTF-8", "text/plain;charset=utf-8"],
    ["Image/PNG", "image/png"],
    ['multipart/mixed; Boundary="A;b"', 'multipart/mixed; boundary="A;b"'],
  ])("keeps the content type %s as %s", async (sent, kept) => {
    const bytes = new Uint8Array([1, 2, 3]);
    const response = await upload(bytes, { "content-type": sent });
    const { storageId } = (await response.json()) as { storageId: string };
    expect(await client.query(files["row"]!, { id: storageId })).toMatchObject({
      contentType: kept,
    });
  });

  it("has no content type where none was sent", async () => {
    const response = await upload(new Uint8Array());
    const { storageId } = (await response.json()) as { storageId: string };
    expect(await client.query(files["row"]!, { id: storageId })).toMatchObject({
      contentType: null,
      size: 0,
    });
  });

  it("is checked against its digest, and leaves nothing where it differs", async () => {
    const right = { digest: `sha-256=${sha256("right")}` };
    expect((await upload("right", right)).status).toBe(200);
    const before = filesIn(deployment.dataDir);
    expect(await refusal(await upload("wrong", right))).toEqual([
      400,
      {
        code: "BadRequest",
        message: `Sha256 mismatch. Expected: ${sha256("right")} Actual: ${sha256("wrong")}`,
      },
    ]);
    expect(filesIn(deployment.dataDir)).toEqual(before);
  });

  it.each([
    ["digest", "md5=abc"],
    ["digest", "sha-256=abc"],
    ["content-type", "nothing"],
    ["content-type", "a/b; c"],
  ])("with the header %s: %s is refused", async (name, value) => {
    const refused = await upload("text", { [name]: value });
    expect(await refusal(refused)).toEqual([
      400,
      {
        code: "BadHeader",
        message: expect.stringContaining(`Bad header for ${name}`) as string,
      },
    ]);
  });

  it("belongs to the component that made its URL", async () => {
    const call = (path: string, args: object) =>
      deployment.post(
        "/api/function",
        { componentPath: "part", path, args },
        deployment.admin,
      );
    const made = await call("files:uploadUrl", {});
    const { value: url } = made.body as { value: string };
    const response = await fetch(url, { method: "POST", body: "in the part" });
    const { storageId } = (await response.json()) as { storageId: string };
    const named = await call("files:url", { id: storageId });
    const { value: fileUrl } = named.body as { value: string };
    expect(await (await fetch(fileUrl)).text()).toBe("in the part");
    const withoutComponent = fileUrl.replace("?component=part", "");
    expect((await fetch(withoutComponent)).status).toBe(404);
    expect(await client.query(files["url"]!, { id: storageId })).toBeNull();
  });

  it("that breaks off leaves nothing", async () => {
    const before = filesIn(deployment.dataDir);
    const { port, pathname, search } = new URL(await uploadUrl());
    const socket = connect(Number(port), "127.0.0.1");
    socket.write(
      `POST ${pathname}${search} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n${"x".repeat(200_000)}`,
    );
    await expect
      .poll(() => filesIn(deployment.dataDir).length)
      .toBe(before.length + 1);
    socket.destroy();
    await expect.poll(() => filesIn(deployment.dataDir)).toEqual(before);
  });
});

describe("a token", () => {
  it("is good for an hour, and more than once", async () => {
    const url = await uploadUrl();
    clock.advance(3_599_000);
    for (const body of ["one", "two"]) {
      expect((await fetch(url, { method: "POST", body })).status).toBe(200);
    }
    clock.advance(1_000);
    expect(
      await refusal(await fetch(url, { method: "POST", body: "late" })),
    ).toEqual([
      401,
      {
        code: "StorageTokenExpired",
        message: expect.stringContaining("older than an hour") as string,
      },
    ]);
  });

  it("that was made or changed by anybody else is refused", async () => {
    const url = await uploadUrl();
    const token = new URL(url).searchParams.get("token")!;
    const [body = "", signature = ""] = token.split(".");
    const forged = Buffer.from(
      JSON.stringify(["part", clock.now() / 1_000]),
    ).toString("base64url");
    for (const bad of [
      "",
      "a",
      ".",
      `${body}.`,
      `${forged}.${signature}`,
      `${token}.`,
      `${token}A`.slice(1),
      "x".repeat(10_000),
    ]) {
      const target = `/api/storage/upload?token=${bad}`;
      const refused = await deployment.fetch(target, {
        method: "POST",
        body: "text",
      });
      expect(await refusal(refused)).toEqual([
        401,
        expect.objectContaining({ code: "StorageTokenInvalid" }),
      ]);
    }
    const none = await deployment.fetch("/api/storage/upload", {
      method: "POST",
    });
    expect(await refusal(none)).toEqual([
      400,
      expect.objectContaining({ code: "BadQueryArgs" }),
    ]);
  });

  it("does not tell the admin key, and outlives a restart", async () => {
    const other = await TestDeployment.open({ clock });
    await other.push({ modules: { files: STORAGE_MODULE } });
    const made = await other.post("/api/mutation", {
      path: "files:uploadUrl",
      args: {},
    });
    const { value } = made.body as { value: string };
    await other.close();
    const again = await TestDeployment.open({ clock, dataDir: other.dataDir });
    const { pathname, search } = new URL(value);
    const stored = await again.fetch(pathname + search, {
      method: "POST",
      body: "after the restart",
    });
    expect(stored.status).toBe(200);
    expect(value).not.toContain(other.adminKey.slice(10));
    await again.remove();
  });
});

it("is open to pages of all origins", async () => {
  const url = await uploadUrl();
  const preflight = await fetch(url, {
    method: "OPTIONS",
    headers: {
      origin: "https://app.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,digest",
    },
  });
  expect(preflight.status).toBe(204);
  expect(Object.fromEntries(preflight.headers)).toMatchObject({
    "access-control-allow-origin": "https://app.example",
    "access-control-allow-headers": "content-type,digest",
    "access-control-allow-methods": expect.stringContaining("POST") as string,
  });
  const stored = await fetch(url, {
    method: "POST",
    body: "text",
    headers: { origin: "https://app.example" },
  });
  expect(stored.headers.get("access-control-allow-origin")).toBe(
    "https://app.example",
  );
  expect((await fetch(url)).status).toBe(405);
});

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
