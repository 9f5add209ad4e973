import { createHash, randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeId } from "../../../src/database/values/ids.js";
import { TestDeployment, type PushedApp } from "../../support/deployment.js";
import { filesIn } from "../../support/files/folder.js";
import { STORAGE_MODULE } from "../../support/files/module.js";
import { contentsOf, lines, SnapshotClient, zipOf } from "./snapshotClient.js";

const MODULES = {
  files: STORAGE_MODULE,
  albums: `
    import { mutationGeneric, queryGeneric } from "convex/server";
    export const add = mutationGeneric({ handler: (ctx, { cover }) => ctx.db.insert("albums", { cover }) });
    export const all = queryGeneric({ handler: (ctx) => ctx.db.query("albums").collect() });`,
};
const SCHEMA = `
  import { defineSchema, defineTable } from "convex/server";
  import { v } from "convex/values";
  export default defineSchema({ albums: defineTable({ cover: v.id("_storage") }) });`;
const APP: PushedApp = {
  modules: MODULES,
  schema: SCHEMA,
  children: { part: "part" },
  components: { part: { modules: MODULES } },
};
const ZIP = { format: "zip", mode: "requireEmpty" };
const REPLACE = { format: "zip", mode: "replace" };

const opened: TestDeployment[] = [];
let deployment: TestDeployment;

beforeEach(async () => {
  deployment = await open();
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.remove();
});

async function open(): Promise<TestDeployment> {
  const one = await TestDeployment.open();
  opened.push(one);
  expect((await one.push(APP)).status).toBe(200);
  return one;
}

async function call(
  of: TestDeployment,
  path: string,
  args: object = {},
  componentPath = "",
): Promise<unknown> {
  const { body } = await of.post(
    "/api/function",
    { componentPath, path, args },
    of.admin,
  );
  expect(body).toMatchObject({ status: "success" });
  return (body as { value: unknown }).value;
}

const store = (text: string, type?: string, componentPath?: string) =>
  call(
    deployment,
    "files:store",
    { text, ...(type === undefined ? {} : { type }) },
    componentPath,
  ) as Promise<string>;

/** What a file's URL answers; relative, as each deployment has its own address. */
async function get(of: TestDeployment, url: string): Promise<string> {
  const { pathname, search } = new URL(url);
  const response = await of.fetch(pathname + search);
  return response.status === 200 ? response.text() : String(response.status);
}

/** Waits until all files are settled and as many as `count`. */
const expectFiles = (of: TestDeployment, count: number) =>
  expect
    .poll(() => {
      const files = filesIn(of.dataDir);
      return [files.length, files.some((file) => file.startsWith("unsettled"))];
    })
    .toEqual([count, false]);

describe("an export with files", () => {
  test("has them under their ids, with what is known of them", async () => {
    const [png, none] = [await store("a photo", "image/png"), await store("")];
    const inPart = await store("of the part", "text/plain", "part");
    const zip = await new SnapshotClient(deployment).exportZip({
      withFiles: true,
    });
    const contents = await contentsOf(zip);
    const url = (await call(deployment, "files:url", { id: png })) as string;
    const [line = ""] = contents
      .get("_storage/documents.jsonl")!
      .split("\n")
      .filter((one) => one.includes(png));
    expect(JSON.parse(line)).toEqual({
      _id: png,
      _creationTime: expect.any(Number) as number,
      sha256: createHash("sha256").update("a photo").digest("base64"),
      size: 7,
      contentType: "image/png",
      internalId: url.slice(url.lastIndexOf("/") + 1),
    });
    expect(contents.get(`_storage/${png}.png`)).toBe("a photo");
    expect(contents.get(`_storage/${none}`)).toBe("");
    const part = `_components/part/_storage/${inPart}.txt`;
    expect(contents.get(part)).toBe("of the part");
  });

  test("fails where bytes are missing, and says of which file", async () => {
    const id = await store("lost");
    await expectFiles(deployment, 1);
    rmSync(path.join(deployment.dataDir, "files"), { recursive: true });
    const client = new SnapshotClient(deployment);
    await client.admin("/api/export/request/zip?includeStorage=true");
    await expect
      .poll(() => client.systemQuery("exports:getLatest"))
      .toMatchObject({ state: "failed" });
    expect(deployment.logged.join("\n")).toContain(
      `The bytes of the stored file ${id} are missing`,
    );
  });

  test("has none where it was not asked for", async () => {
    await store("a photo");
    const zip = await new SnapshotClient(deployment).exportZip();
    expect([...(await contentsOf(zip)).keys()].join()).not.toContain(
      "_storage",
    );
  });
});

describe("an import of an export with files", () => {
  test("gives another deployment the same files, ids and URLs", async () => {
    const cover = await store("a cover", "image/png");
    await call(deployment, "albums:add", { cover });
    const inPart = await store("of the part", undefined, "part");
    const url = (await call(deployment, "files:url", { id: cover })) as string;
    const zip = await new SnapshotClient(deployment).exportZip({
      withFiles: true,
    });

    const other = await open();
    const state = await new SnapshotClient(other).runImport(zip, ZIP);
    expect(state).toMatchObject({ state: "completed" });
    expect(await call(other, "albums:all")).toMatchObject([{ cover }]);
    expect(await call(other, "files:rows")).toEqual(
      await call(deployment, "files:rows"),
    );
    expect(await call(other, "files:read", { id: cover })).toMatchObject({
      text: "a cover",
    });
    expect(await get(other, url)).toBe("a cover");
    expect(
      await call(other, "files:read", { id: inPart }, "part"),
    ).toMatchObject({ text: "of the part", type: "" });
    await expectFiles(other, 2);
  });

  test("replaces those that were there, and removes their bytes", async () => {
    const kept = await store("kept");
    const url = (await call(deployment, "files:url", { id: kept })) as string;
    const client = new SnapshotClient(deployment);
    const zip = await client.exportZip({ withFiles: true });
    const later = await store("later");
    const importId = await client.upload(zip, REPLACE);
    expect(await client.importState(importId)).toMatchObject({
      message_to_confirm: expect.stringContaining(
        "_storage: adds 1 file, deletes the 2 files there",
      ) as string,
      require_manual_confirmation: true,
    });
    await client.admin("/api/perform_import", { importId });
    expect(await client.importState(importId)).toMatchObject({
      state: "completed",
    });
    expect(await get(deployment, url)).toBe("kept");
    expect(await call(deployment, "files:row", { id: later })).toBeNull();
    await expectFiles(deployment, 1);
  });

  test("is refused where files are there, and adds to them with append", async () => {
    const client = new SnapshotClient(deployment);
    const there = await store("there");
    const time = 1_700_000_000_000;
    const id = encodeId(9_002, rawId(time));
    const zip = await zipOf({
      "_storage/documents.jsonl": lines({ _id: id, _creationTime: time }),
      [`_storage/${id}.bin`]: Buffer.from("added"),
    });
    expect(await client.runImport(zip, ZIP)).toMatchObject({
      state: "failed",
      error_message: expect.stringContaining(
        "Table _storage already has documents",
      ) as string,
    });
    const append = { format: "zip", mode: "append" };
    expect(await client.runImport(zip, append)).toMatchObject({
      state: "completed",
    });
    for (const [file, text] of [
      [there, "there"],
      [id, "added"],
    ]) {
      expect(await call(deployment, "files:read", { id: file })).toMatchObject({
        text,
      });
    }
    await expectFiles(deployment, 2);
  });
});

describe("an import of files by hand", () => {
  test("takes those that no line tells of, says which are missing, and keeps foreign ids", async () => {
    const client = new SnapshotClient(deployment);
    const [one, two, missing] = ["\x11", "\x22", "\x33"].map((byte) =>
      encodeId(31, byte.repeat(16)),
    ) as [string, string, string];
    const internalId = randomUUID();
    const zip = await zipOf({
      "backup/_storage/documents.jsonl": lines(
        {
          _id: one,
          _creationTime: 1_600_000_000_000.5,
          contentType: "text/plain;charset=utf-8",
          internalId,
          sha256: createHash("sha256").update("one").digest("base64"),
          size: 3,
        },
        { _id: missing },
      ),
      [`backup/_storage/${one}.txt`]: Buffer.from("one"),
      [`backup/_storage/${two}`]: Buffer.from("two"),
      "backup/albums/documents.jsonl": lines({ cover: one }, { cover: two }),
    });
    const importId = await client.upload(zip, REPLACE);
    const { message_to_confirm } = await client.importState(importId);
    expect(message_to_confirm).toContain(
      "_storage: adds 2 files, leaves out 1 file that the snapshot names and does not have",
    );
    await client.admin("/api/perform_import", { importId });
    expect(await client.importState(importId)).toMatchObject({
      state: "completed",
    });
    expect(await call(deployment, "files:row", { id: one })).toEqual({
      _id: one,
      _creationTime: 1_600_000_000_000.5,
      contentType: "text/plain;charset=utf-8",
      sha256: createHash("sha256").update("one").digest("base64"),
      size: 3,
    });
    expect(await call(deployment, "albums:all")).toHaveLength(2);
    expect(await call(deployment, "files:normalized", { id: two })).toBe(two);
    const url = `${deployment.url}/api/storage/${internalId}`;
    expect(await get(deployment, url)).toBe("one");
    // The files that come later have ids of the same table.
    const later = await store("later");
    expect(await call(deployment, "files:read", { id: later })).toMatchObject({
      text: "later",
    });
    await call(deployment, "files:remove", { id: two });
    await expectFiles(deployment, 2);
  });

  test.each([
    ["a wrong digest", { sha256: "A".repeat(43) + "=" }, /Sha256 mismatch/],
    ["a digest that is none", { sha256: "abc" }, /sha256 \(base64\)/],
    ["a UUID that is none", { internalId: "../../x" }, /a UUID/],
    ["a content type that is none", { contentType: "" }, /contentType/],
    ["a time that is none", { _creationTime: "now" }, /_creationTime/],
    ["the id of another table", {}, /has the number|no document id/],
  ])("with %s fails, and leaves nothing", async (what, fields, message) => {
    const client = new SnapshotClient(deployment);
    await store("there");
    const id = encodeId(31, "\x11".repeat(16));
    const wrong =
      what === "the id of another table"
        ? encodeId(10_500, "\x22".repeat(16))
        : encodeId(31, "\x22".repeat(16));
    const zip = await zipOf({
      "_storage/documents.jsonl": lines({ _id: id }, { _id: wrong, ...fields }),
      [`_storage/${id}`]: Buffer.from("good"),
      [`_storage/${wrong}`]: Buffer.from("bad"),
    });
    const state = await client.runImport(zip, REPLACE);
    expect(state.state).toBe("failed");
    expect(state.error_message).toMatch(message);
    expect(await call(deployment, "files:rows")).toHaveLength(1);
    await expectFiles(deployment, 1);
  });

  test.each([
    "_storage/../../escaped",
    "_storage/..%2fescaped",
    "_storage/nonsense.txt",
  ])("of an entry called %s writes nothing outside", async (name) => {
    const client = new SnapshotClient(deployment);
    const zip = await zipOf({
      "albums/documents.jsonl": lines(),
      "_storage/nonsense.txt": Buffer.from("bad"),
    });
    // yazl refuses such names, which others write.
    const padded = name.slice(0, 21).padEnd(21, "x");
    const forged = Buffer.from(
      zip.toString("latin1").replaceAll("_storage/nonsense.txt", padded),
      "latin1",
    );
    await client.runImport(forged, REPLACE);
    expect(filesIn(deployment.dataDir)).toEqual([]);
  });
});

/** The raw id of a document of that time, as this deployment makes them. */
function rawId(creationTime: number): string {
  const bytes = Buffer.alloc(16, 0x44);
  bytes.writeDoubleBE(creationTime);
  // The sign bit is turned round, so that ids sort by time.
  bytes[0]! ^= 0x80;
  return bytes.toString("latin1");
}
