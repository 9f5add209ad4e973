import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { expect, test } from "vitest";
import { applySchema } from "../../src/database/schema/schema.js";
import type { Store } from "../../src/storage/store.js";
import {
  bound,
  byIndex,
  collect,
  openDatabase,
  pushSchema,
  read,
  write,
} from "../support/database.js";

/** The schema's definition, a new one each time: `.index()` changes the one it is called on. */
const users = () =>
  defineTable({ name: v.string(), age: v.optional(v.number()) });

test("documents that do not match the schema are refused with Convex's text", async () => {
  const { db } = await openDatabase();
  await pushSchema(db, "", defineSchema({ users: users() }));
  await expect(
    write(db, (tx) => tx.insert("", "users", { age: 1 })),
  ).rejects.toThrow(
    'Failed to insert or update a document in table "users" because it does not match the ' +
      "schema: Object is missing the required field `name`. Consider wrapping the field " +
      "validator in `v.optional(...)` if this is expected.\n\n" +
      "Object: {age: 1.0}\nValidator: v.object({age: v.optional(v.float64()), name: v.string()})",
  );
  const id = await write(db, (tx) => tx.insert("", "users", { name: "a" }));
  await expect(
    write(db, (tx) => tx.patch("", id, { name: { $undefined: null } })),
  ).rejects.toThrow("missing the required field `name`");
  await expect(
    write(db, (tx) => tx.replace("", id, { name: "a", x: 1 })),
  ).rejects.toThrow("extra field `x`");
  expect(read(db, (tx) => tx.get("", id)?.value)).toMatchObject({ name: "a" });
});

test("ids must be of the table that the schema names, in the same component", async () => {
  const { db } = await openDatabase();
  const schema = defineSchema({
    users: users(),
    posts: defineTable({ author: v.id("users") }),
  });
  await pushSchema(db, "", schema);
  await pushSchema(db, "child", schema);
  await write(db, (tx) => {
    const author = tx.insert("", "users", { name: "a" });
    const post = tx.insert("", "posts", { author });
    const job = tx.system.insert("", "_scheduled_functions", { name: "f" });
    expect(() => tx.insert("", "posts", { author: post })).toThrow(
      `Found ID "${post}" from table \`posts\`, which does not match the table name in validator \`v.id("users")\`.Path: .author`,
    );
    expect(() => tx.insert("", "posts", { author: job })).toThrow(
      "from a system table",
    );
    expect(() => tx.insert("", "posts", { author: "x" })).toThrow(
      'Value does not match validator.\nPath: .author\nValue: "x"\nValidator: v.id("users")',
    );
  });
});

test("a table that the schema does not name accepts any document", async () => {
  const { db } = await openDatabase();
  await pushSchema(db, "", defineSchema({ users: users() }));
  await write(db, (tx) => tx.insert("", "others", { anything: [null] }));
});

test("schemaValidation: false checks nothing", async () => {
  const { db } = await openDatabase();
  await pushSchema(
    db,
    "",
    defineSchema({ users: users() }, { schemaValidation: false }),
  );
  await write(db, (tx) => tx.insert("", "users", { wrong: true }));
});

test("a push whose schema a stored document does not fit changes nothing", async () => {
  const { db } = await openDatabase();
  const id = await write(db, (tx) => tx.insert("a/b", "users", { name: 5 }));
  await expect(
    pushSchema(
      db,
      "a/b",
      defineSchema({ users: users().index("by_name", ["name"]) }),
    ),
  ).rejects.toMatchObject({
    code: "schemaViolation",
    component: "a/b",
    table: "users",
    documentId: id,
    message: expect.stringContaining(
      `Document with ID "${id}" in table "users" (in component "a/b") does not match the schema: Value does not match validator.\nPath: .name`,
    ) as string,
  });
  read(db, (tx) => {
    expect(() => tx.openQuery("a/b", byIndex("users.by_name"))).toThrow(
      "not found",
    );
  });
});

test("switching schema validation on checks the documents written without it", async () => {
  const { db } = await openDatabase();
  await pushSchema(
    db,
    "",
    defineSchema({ users: users() }, { schemaValidation: false }),
  );
  await write(db, (tx) => tx.insert("", "users", { wrong: true }));
  await expect(
    pushSchema(db, "", defineSchema({ users: users() })),
  ).rejects.toThrow("does not match the schema");
});

test("a push fills new indexes, keeps unchanged ones and empties dropped ones", async () => {
  const { db, store } = await openDatabase();
  const table = () => defineTable({ a: v.number(), b: v.number() });
  expect(
    await pushSchema(db, "", defineSchema({ t: table().index("x", ["a"]) })),
  ).toEqual({ added: [{ table: "t", name: "x", fields: ["a"] }], removed: [] });
  await write(db, (tx) => {
    for (let i = 0; i < 5; i += 1) {
      tx.insert("", "t", { a: i, b: -i });
    }
  });
  const both = defineSchema({ t: table().index("x", ["a"]).index("y", ["b"]) });
  expect(await pushSchema(db, "", both)).toEqual({
    added: [{ table: "t", name: "y", fields: ["b"] }],
    removed: [],
  });
  const find = (index: string) =>
    read(db, (tx) =>
      collect(tx, "", byIndex(`t.${index}`)).map(({ value }) => value["a"]),
    );
  expect(find("x")).toEqual([0, 1, 2, 3, 4]);
  expect(find("y")).toEqual([4, 3, 2, 1, 0]);
  const before = countKeys(store);

  const changed = defineSchema({ t: table().index("x", ["b", "a"]) });
  expect(await pushSchema(db, "", changed)).toEqual({
    added: [{ table: "t", name: "x", fields: ["b", "a"] }],
    removed: [
      { table: "t", name: "x", fields: ["a"] },
      { table: "t", name: "y", fields: ["b"] },
    ],
  });
  expect(find("x")).toEqual([4, 3, 2, 1, 0]);
  await expect.poll(() => countKeys(store)).toBe(before - 5);

  expect((await pushSchema(db, "", changed)).added).toEqual([]);
});

function countKeys(store: Store): number {
  const snapshot = store.snapshot();
  const count = [...snapshot.range({ lower: "", upper: "\xff" })].length;
  snapshot.release();
  return count;
}

test("a push without a schema keeps rows and drops indexes", async () => {
  const { db } = await openDatabase();
  await pushSchema(
    db,
    "",
    defineSchema({ users: users().index("n", ["name"]) }),
  );
  const id = await write(db, (tx) => tx.insert("", "users", { name: "a" }));
  const diff = await write(db, (tx) => applySchema(tx, "", null));
  expect(diff.removed).toHaveLength(1);
  await write(db, (tx) => tx.insert("", "users", { whatever: 1 }));
  expect(read(db, (tx) => tx.get("", id))).not.toBeNull();
});

test("schema, tables and indexes survive a restart", async () => {
  const first = await openDatabase();
  const schema = defineSchema({
    users: defineTable(v.any()).index("n", ["name"]),
  });
  await pushSchema(first.db, "", schema);
  const id = await write(first.db, (tx) =>
    tx.insert("", "users", { name: "a" }),
  );
  await first.store.close();

  const { db } = await openDatabase({
    dataDir: first.dataDir,
    clock: first.clock,
  });
  const found = read(db, (tx) =>
    collect(tx, "", byIndex("users.n", [bound("Eq", "name", "a")])),
  );
  expect(found.map(({ value }) => value["_id"])).toEqual([id]);
  expect(await pushSchema(db, "", schema)).toEqual({ added: [], removed: [] });
  const other = await write(db, (tx) => tx.insert("", "later", {}));
  expect(read(db, (tx) => tx.normalizeId("", "users", other))).toBeNull();
});
