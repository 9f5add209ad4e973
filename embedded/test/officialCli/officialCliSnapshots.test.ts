import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPromise } from "yauzl";
import { TestDeployment } from "../support/deployment.js";
import { CliApp } from "../support/officialCli.js";

const TIMEOUT_MS = 90_000;

const APP = {
  "convex/schema.ts": `
    import { defineSchema, defineTable } from "convex/server";
    import { v } from "convex/values";
    export default defineSchema({
      authors: defineTable({ name: v.string() }).index("name", ["name"]),
      posts: defineTable({
        author: v.id("authors"),
        title: v.string(),
        rank: v.optional(v.number()),
        extra: v.optional(v.any()),
      }).index("author", ["author"]),
    });`,
  "convex/convex.config.ts": `
    import { defineApp } from "convex/server";
    import shelf from "./shelf/convex.config";
    const app = defineApp();
    app.use(shelf);
    export default app;`,
  "convex/shelf/convex.config.ts": `
    import { defineComponent } from "convex/server";
    export default defineComponent("shelf");`,
  "convex/shelf/lib.ts": `
    import { mutationGeneric, queryGeneric } from "convex/server";
    export const rows = queryGeneric({ handler: (ctx, { table }: { table: string }) => ctx.db.query(table).collect() });
    export const put = mutationGeneric({ args: {}, handler: async (ctx) => {
      await ctx.db.insert("things", { weight: 2n }); return null; } });`,
  "convex/posts.ts": `
    import { action, mutation, query } from "./_generated/server";
    import { components } from "./_generated/api";
    export const store = action({ handler: (ctx, { text }: { text: string }) => ctx.storage.store(new Blob([text], { type: "image/png" })) });
    export const read = action({ handler: async (ctx, { id }: { id: any }) => (await ctx.storage.get(id))!.text() });
    export const rows = query({ handler: (ctx, { table }: { table: any }) => ctx.db.query(table).collect() });
    export const seed = mutation({ args: {}, handler: async (ctx) => {
      for (const name of ["ann", "bob"]) {
        const author = await ctx.db.insert("authors", { name });
        await ctx.db.insert("posts", { author, title: "By " + name, rank: 1.5,
          extra: [1n, NaN, -0, null, new Uint8Array([1, 2]).buffer, { nested: true }] });
      }
      await ctx.runMutation(components.shelf.lib.put, {});
      return null; } });
    export const titles = query({ args: {}, handler: async (ctx) => {
      const authors = await ctx.db.query("authors").withIndex("name").collect();
      const posts = await Promise.all(authors.map(({ _id }) =>
        ctx.db.query("posts").withIndex("author", (q) => q.eq("author", _id)).collect()));
      return posts.flat().map(({ title }) => title); } });`,
};

let deployment: TestDeployment;
let app: CliApp;
let empty: TestDeployment;
let emptyApp: CliApp;

beforeAll(async () => {
  deployment = await TestDeployment.open();
  app = await CliApp.create(deployment, APP);
  empty = await TestDeployment.open();
  emptyApp = await CliApp.create(empty, APP);
  const deploys = await Promise.all(
    [app, emptyApp].map((one) =>
      one.convex("deploy", "--typecheck", "disable"),
    ),
  );
  for (const deployed of deploys) expect(deployed).toMatchObject({ code: 0 });
  await deployment.post("/api/mutation", { path: "posts:seed", args: {} });
}, TIMEOUT_MS);

afterAll(async () => {
  for (const one of [deployment, empty, app, emptyApp]) await one.remove();
});

const file = (name: string) => path.join(app.folder, name);

/** Contents of a ZIP file, by path. */
async function contents(zipPath: string): Promise<Record<string, string>> {
  const zip = await openPromise(zipPath, { autoClose: false });
  const files: Record<string, string> = {};
  for await (const entry of zip.eachEntry()) {
    let text = "";
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      text += String(chunk);
    }
    files[entry.fileName] = text;
  }
  zip.close();
  return files;
}

async function titles(of = deployment): Promise<unknown> {
  const { body } = await of.post("/api/query", {
    path: "posts:titles",
    args: {},
  });
  return (body as { value: unknown }).value;
}

/** Documents of a table, without the fields that differ from run to run. */
async function rowsOf(table: string, componentPath = ""): Promise<unknown[]> {
  const path = componentPath === "" ? "posts:rows" : "lib:rows";
  const { body } = await deployment.post(
    "/api/function",
    { componentPath, path, args: { table } },
    deployment.admin,
  );
  const { value } = body as { value: Record<string, unknown>[] };
  return value.map(({ _id, _creationTime, ...fields }) => {
    expect([typeof _id, typeof _creationTime]).toEqual(["string", "number"]);
    return fields;
  });
}

describe("convex export", () => {
  test(
    "followed by an import gives another deployment the same documents",
    async () => {
      const exported = await app.convex("export", "--path", "one.zip");
      expect(exported.stderr).toContain("Downloaded snapshot export");
      expect(exported).toMatchObject({ code: 0 });
      const files = await contents(file("one.zip"));
      expect(Object.keys(files).sort()).toEqual([
        "README.md",
        "_components/shelf/_tables/documents.jsonl",
        "_components/shelf/things/documents.jsonl",
        "_components/shelf/things/generated_schema.jsonl",
        "_tables/documents.jsonl",
        "authors/documents.jsonl",
        "authors/generated_schema.jsonl",
        "posts/documents.jsonl",
        "posts/generated_schema.jsonl",
      ]);
      expect(files["posts/documents.jsonl"]).toContain(
        '{"$integer":"AQAAAAAAAAA="}',
      );

      const imported = await emptyApp.convex("import", file("one.zip"));
      expect(imported.stderr).toContain("Added 5 documents");
      expect(imported).toMatchObject({ code: 0 });
      expect(await titles(empty)).toEqual(["By ann", "By bob"]);
      await mkdir(path.join(emptyApp.folder, "out"));
      await emptyApp.convex("export", "--path", "out");
      const [name = ""] = await readdir(path.join(emptyApp.folder, "out"));
      expect(name).toMatch(/^snapshot_\d+\.zip$/);
      const again = await contents(path.join(emptyApp.folder, "out", name));
      expect(again).toEqual(files);
    },
    TIMEOUT_MS,
  );

  test(
    "--include-file-storage followed by an import gives another deployment the same files",
    async () => {
      const store = { path: "posts:store", args: { text: "a photo" } };
      const { body } = await deployment.post("/api/action", store);
      const { value: id } = body as { value: string };
      const args = ["--path", "files.zip", "--include-file-storage"];
      const exported = await app.convex("export", ...args);
      expect(exported).toMatchObject({ code: 0 });
      const files = await contents(file("files.zip"));
      expect(files[`_storage/${id}.png`]).toBe("a photo");
      expect(files["_storage/documents.jsonl"]).toContain(id);

      const listed = await app.convex("data", "_storage");
      expect(listed.stdout).toContain(id);
      expect(listed.stdout).toContain("image/png");

      const replace = ["import", "--replace", "-y", file("files.zip")];
      const imported = await emptyApp.convex(...replace);
      expect(imported).toMatchObject({ code: 0 });
      const read = { path: "posts:read", args: { id } };
      const answer = await empty.post("/api/action", read);
      expect(answer.body).toMatchObject({ value: "a photo" });
    },
    TIMEOUT_MS,
  );
});

describe("convex import", () => {
  test(
    "--table accepts lines, arrays and CSV, with --append or --replace for a table that has documents",
    async () => {
      await app.write({
        "notes.jsonl":
          '{"text":"a"}\n{"text":"b","n":{"$integer":"AQAAAAAAAAA="}}\n',
        "notes.json": '[{"text":"c"}]',
        "notes.csv": 'text,n\nd,4\n"e, f",g\n',
      });
      const run = (...args: string[]) =>
        app.convex("import", "--table", "notes", ...args);
      const first = await run("notes.jsonl");
      expect(first.stderr).toContain("Added 2 documents");
      const again = await run("notes.json");
      expect(again.code).toBe(1);
      expect(again.stderr).toContain("Table notes already has documents");
      await run("--append", "notes.json");
      expect(await rowsOf("notes")).toHaveLength(3);
      const unsure = await run("--replace", "notes.csv");
      expect(unsure.code).toBe(1);
      expect(unsure.stderr).toContain(
        "notes: adds 2 documents, deletes the 3 documents there",
      );
      expect(await run("--replace", "-y", "notes.csv")).toMatchObject({
        code: 0,
      });
      expect(await rowsOf("notes")).toEqual([
        { text: "d", n: 4 },
        { text: "e, f", n: "g" },
      ]);
    },
    TIMEOUT_MS,
  );

  test(
    "--component imports into a component",
    async () => {
      await app.write({ "things.json": '[{"weight":3}]' });
      const args = ["--table", "things", "--component", "shelf"];
      await app.convex("import", ...args, "--replace", "-y", "things.json");
      expect(await rowsOf("things", "shelf")).toEqual([{ weight: 3 }]);
    },
    TIMEOUT_MS,
  );

  test(
    "of documents that the schema refuses changes nothing",
    async () => {
      const bad = '{"name":"cem"}\n{"name":7}\n';
      await app.write({ "authors.jsonl": bad });
      const args = ["--table", "authors", "--append", "authors.jsonl"];
      const { code, stderr } = await app.convex("import", ...args);
      expect(code).toBe(1);
      expect(stderr).toContain("does not match the schema");
      expect(stderr).toContain("Path: .name");
      expect(await titles()).toEqual(["By ann", "By bob"]);
    },
    TIMEOUT_MS,
  );

  test(
    "--replace-all leaves only the documents of the file",
    async () => {
      const all = ["--replace-all", "-y", file("one.zip")];
      expect(await app.convex("import", ...all)).toMatchObject({ code: 0 });
      expect(await titles()).toEqual(["By ann", "By bob"]);
      const { stdout } = await app.convex("data");
      expect(stdout).toBe("authors\nposts\n");
    },
    TIMEOUT_MS,
  );
});
