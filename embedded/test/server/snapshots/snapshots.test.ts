import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  test,
} from "vitest";
import { openPromise } from "yauzl";
import { encodeId } from "../../../src/database/values/ids.js";
import { TestDeployment, type PushedApp } from "../../support/deployment.js";
import { schema } from "../../support/pushes.js";
import { lines, SnapshotClient, zipOf } from "./snapshotClient.js";
import { SyncClient } from "../../support/syncClient.js";

const APP: PushedApp = {
  modules: {
    app: `
      import { queryGeneric, mutationGeneric } from "convex/server";
      export const add = mutationGeneric({ handler: async (ctx, { from, to }) => {
        for (let n = from; n < to; n += 1) await ctx.db.insert("rows", { n }); return null; } });
      export const insert = mutationGeneric({ handler: (ctx, { table, row }) => ctx.db.insert(table, row) });
      export const get = queryGeneric({ handler: (ctx, { id }) => ctx.db.get(id) });
      export const all = queryGeneric({ handler: (ctx, { table }) => ctx.db.query(table).collect() });
      export const byTime = queryGeneric({ handler: async (ctx, { table, after }) =>
        (await ctx.db.query(table).withIndex("by_creation_time", (q) => q.gt("_creationTime", after)).order("desc").collect()).map(({ n }) => n) });
      export const byN = queryGeneric({ handler: async (ctx, { n, after }) =>
        (await ctx.db.query("rows").withIndex("n", (q) => q.eq("n", n).gte("_creationTime", after)).collect()).map(({ _creationTime }) => _creationTime) });`,
  },
  schema: schema("{ n: v.number() }", '.index("n", ["n"])'),
};

/** Ids of another deployment, which say nothing of their document's time. */
const FOREIGN_IDS = ["\xf0", "\x80", "\x10"].map((byte) =>
  encodeId(10_001, byte + "\x22".repeat(15)),
);

let deployment: TestDeployment;
let client: SnapshotClient;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "snapshots-"));
});

afterAll(() => rm(folder, { recursive: true }));

beforeEach(async () => {
  deployment = await TestDeployment.open();
  client = new SnapshotClient(deployment);
  expect((await deployment.push(APP)).status).toBe(200);
});

afterEach(() => deployment.remove());

async function call(
  kind: "query" | "mutation",
  name: string,
  args: object,
): Promise<unknown> {
  const answer = await deployment.post(`/api/${kind}`, {
    path: `app:${name}`,
    args,
    format: "convex_encoded_json",
  });
  expect(answer.body).toMatchObject({ status: "success" });
  return (answer.body as { value: unknown }).value;
}

const admin = (target: string, body: unknown = {}) =>
  client.admin(target, body);
const runImport = (data: Buffer, request: object) =>
  client.runImport(data, request);

const table = (tableName: string, mode = "requireEmpty") => ({
  tableName,
  format: "jsonLines",
  mode,
});

async function documentsIn(zipped: Buffer, name: string): Promise<unknown[]> {
  const file = path.join(folder, "read.zip");
  await writeFile(file, zipped);
  const zip = await openPromise(file, { autoClose: false });
  let text = "";
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName !== `${name}/documents.jsonl`) continue;
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      text += String(chunk);
    }
  }
  zip.close();
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
}

describe("an export", () => {
  test("shows one moment, without later writes", async () => {
    for (const from of [0, 1_000, 2_000]) {
      await call("mutation", "add", { from, to: from + 1_000 });
    }
    const [zipped] = await Promise.all([
      client.exportZip(),
      ...[3, 4, 5].map((from) =>
        call("mutation", "add", { from: from * 1_000, to: from * 1_000 + 10 }),
      ),
    ]);
    const numbers = (await documentsIn(zipped, "rows")).map(
      (row) => (row as { n: number }).n,
    );
    expect(numbers.slice(0, 3_000)).toEqual(
      Array.from({ length: 3_000 }, (_, n) => n),
    );
    // Later writes are there by whole mutations or not at all.
    expect((numbers.length - 3_000) % 10).toBe(0);
  });

  test("is one at a time, for the administrator only", async () => {
    await call("mutation", "add", { from: 0, to: 5_000 });
    const target = "/api/export/request/zip";
    const both = await Promise.all([admin(target), admin(target)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(both.find(({ status }) => status === 400)).toMatchObject({
      body: { code: "ExportInProgress" },
    });
    expect((await deployment.post(target, {})).status).toBe(401);
    expect((await deployment.fetch("/api/export/zip/1")).status).toBe(401);
    const missing = await deployment.fetch("/api/export/zip/..%2fadmin-key", {
      headers: deployment.admin,
    });
    expect(missing.status).toBe(404);
  });
});

describe("an import", () => {
  test("keeps ids and creation times, also those of another deployment", async () => {
    const state = await runImport(
      lines(
        { _id: FOREIGN_IDS[0], _creationTime: 300.5, n: 1 },
        { _id: FOREIGN_IDS[1], _creationTime: 100, n: 2 },
        { _id: FOREIGN_IDS[2], _creationTime: 200, n: 1 },
      ),
      table("rows"),
    );
    expect(state).toMatchObject({ state: "completed" });
    expect(await call("query", "get", { id: FOREIGN_IDS[1] })).toEqual({
      _id: FOREIGN_IDS[1],
      _creationTime: 100,
      n: 2,
    });
    await call("mutation", "insert", { table: "rows", row: { n: 1 } });
    const times = { table: "rows", after: 100 };
    expect(await call("query", "byTime", times)).toEqual([1, 1, 1]);
    const sorted = (await call("query", "byN", {
      n: 1,
      after: 250,
    })) as number[];
    expect(sorted).toEqual([300.5, expect.any(Number)]);
    const all = (await call("query", "all", { table: "rows" })) as {
      n: number;
    }[];
    expect(all.map(({ n }) => n)).toEqual([2, 1, 1, 1]);
    expect(await documentsIn(await client.exportZip(), "rows")).toEqual(all);
  });

  test("in parts, larger than one batch, becomes visible in one commit", async () => {
    await call("mutation", "add", { from: -3, to: 0 });
    const rows = Array.from({ length: 3_500 }, (_, n) => ({ n }));
    const data = lines(...rows);
    const importId = await client.upload(
      data,
      table("rows", "replace"),
      10_000,
    );
    expect(await client.importState(importId)).toMatchObject({
      state: "waiting_for_confirmation",
      require_manual_confirmation: true,
    });
    const counts = new Set<number>();
    await admin("/api/perform_import", { importId });
    await expect
      .poll(async () => {
        const all = await call("query", "all", { table: "rows" });
        counts.add((all as unknown[]).length);
        return (all as unknown[]).length;
      })
      .toBe(3_500);
    expect([...counts].every((count) => count === 3 || count === 3_500)).toBe(
      true,
    );
    expect(await client.importState(importId)).toMatchObject({
      state: "completed",
      num_rows_written: { $integer: "rA0AAAAAAAA=" },
    });
  });

  test("of a snapshot keeps the numbers of its tables, unless another table has them", async () => {
    await call("mutation", "insert", { table: "others", row: {} });
    const numbered = (id: number) => ({
      "snap/_tables/documents.jsonl": lines({ name: "fresh", id }),
      "snap/fresh/documents.jsonl": lines({ a: 1 }),
      "snap/_scheduled_functions/documents.jsonl": lines({ ignored: true }),
    });
    const zip = { format: "zip", mode: "requireEmpty" };
    const taken = await runImport(await zipOf(numbered(10_002)), zip);
    expect(taken).toMatchObject({
      state: "failed",
      error_message: expect.stringContaining(
        'that of table "others"',
      ) as string,
    });
    expect(await call("query", "all", { table: "fresh" })).toEqual([]);
    const free = await runImport(await zipOf(numbered(10_050)), zip);
    expect(free).toMatchObject({ state: "completed" });
    expect(await call("query", "all", { table: "fresh" })).toHaveLength(1);
  });

  test.each<[string, Buffer, RegExp]>([
    ["no JSON", Buffer.from('{"n":1}\nnonsense\n'), /Row 2 is not JSON/],
    ["no objects", lines([1]), /Not an object: row 1/],
    [
      "a reserved field",
      Buffer.from('{"n":1,"$x":1,"y":2}'),
      /"\$x", which is reserved/,
    ],
    [
      "a field of the engine",
      lines({ n: 1, _other: 1 }),
      /starts with an underscore/,
    ],
    ["an invalid id", lines({ n: 1, _id: "x" }), /is no document id/],
    [
      "an invalid creation time",
      lines({ n: 1, _creationTime: "now" }),
      /must be a number/,
    ],
    [
      "a document that the schema refuses",
      lines({ n: 1 }, { n: "2" }),
      /does not match the schema/,
    ],
    [
      "an id twice",
      lines(
        { n: 1, _id: FOREIGN_IDS[0], _creationTime: 1 },
        { n: 1, _id: FOREIGN_IDS[0], _creationTime: 1 },
      ),
      /already has a document/,
    ],
  ])("of %s fails, and changes nothing", async (_what, data, message) => {
    await call("mutation", "add", { from: 0, to: 2 });
    const state = await runImport(data, table("rows", "replace"));
    expect(state.state).toBe("failed");
    expect(state.error_message).toMatch(message);
    expect(await call("query", "all", { table: "rows" })).toHaveLength(2);
  });

  test("of a file that is no ZIP is refused", async () => {
    const zip = { format: "zip", mode: "requireEmpty" };
    expect((await runImport(Buffer.from("no zip"), zip)).error_message).toMatch(
      /^Not a ZIP file/,
    );
  });

  test("of a snapshot in Convex's old format is refused, as its numbers may be strings", async () => {
    const old = await zipOf({
      "rows/documents.jsonl": lines({ n: "5" }),
      "rows/generated_schema.jsonl": Buffer.from('{"n": "int64"}\n'),
    });
    const zip = { format: "zip", mode: "replace" };
    expect((await runImport(old, zip)).error_message).toMatch(
      /^rows\/generated_schema\.jsonl is not "uniform"/,
    );
  });

  test("that is not confirmed can be canceled, and none outlives a restart", async () => {
    const first = await client.upload(lines({ n: 1 }), table("rows"));
    const second = await client.upload(lines({ n: 1 }), table("rows"));
    for (const id of [first, second]) await client.importState(id);
    await admin("/api/cancel_import", { importId: first });
    expect((await client.importState(first)).error_message).toContain(
      "canceled",
    );
    expect(
      (await admin("/api/perform_import", { importId: first })).status,
    ).toBe(400);
    await deployment.close();
    deployment = await TestDeployment.open({ dataDir: deployment.dataDir });
    client = new SnapshotClient(deployment);
    expect((await client.importState(second)).error_message).toContain(
      "restarted",
    );
  });

  test("re-runs the live queries of the tables that it replaces", async () => {
    await call("mutation", "add", { from: 0, to: 1 });
    const client = await SyncClient.connect(deployment.url);
    client.watch("app:all", { table: "rows" });
    const numbers = async () => {
      for (;;) {
        const { modifications } = await client.next("Transition");
        const [first] = modifications;
        if (first?.type !== "QueryUpdated") continue;
        return (first.value as { n: number }[]).map(({ n }) => n);
      }
    };
    expect(await numbers()).toEqual([0]);
    await runImport(lines({ n: 7 }, { n: 8 }), table("rows", "replace"));
    expect(await numbers()).toEqual([7, 8]);
    await call("mutation", "add", { from: 9, to: 10 });
    expect(await numbers()).toEqual([7, 8, 9]);
    client.drop();
  });

  test("needs the administrator, and parts of a known upload", async () => {
    for (const target of ["start_upload", "upload_part", "finish_upload"]) {
      const { status } = await deployment.post(`/api/import/${target}`, {});
      expect(status).toBe(401);
    }
    const unknown = "/api/import/upload_part?uploadToken=..&partNumber=1";
    expect(await admin(unknown)).toMatchObject({
      status: 400,
      body: { code: "InvalidUpload" },
    });
  });
});
