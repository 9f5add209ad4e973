import { defineSchema, defineTable } from "convex/server";
import { v, type JSONValue } from "convex/values";
import { expect, test } from "vitest";
import { parseSchema } from "../../src/database/schema/schemaDefinition.js";
import {
  bound,
  byIndex,
  collect,
  openDatabase,
  pushSchema,
  read,
  write,
} from "../support/database.js";

const anyTable = () => defineTable(v.any());
const record = (keys: JSONValue, optional = false) => ({
  type: "record",
  keys,
  values: { fieldType: { type: "any" }, optional },
});

/** A schema of one table, `t`, with a documents' validator as the CLI sends it. */
const ofType = (documentType: JSONValue) => ({
  schemaValidation: true,
  tables: [{ tableName: "t", indexes: [], documentType }],
});

/** The same, with one field `f` of a type. */
const withField = (fieldType: JSONValue, name = "f") =>
  ofType({
    type: "object",
    value: { [name]: { fieldType, optional: false } },
  });

const manyIndexes = (count: number) => {
  const table = anyTable();
  for (let i = 0; i < count; i++) table.index(`i${i}`, [`f${i}`]);
  return table;
};

test.each<[string, object, string]>([
  [
    "a reserved index name",
    defineSchema({ t: anyTable().index("by_id", ["a"]) }),
    'In table "t" cannot name an index "by_id" because the name is reserved.',
  ],
  [
    "an index twice",
    defineSchema({ t: anyTable().index("i", ["a"]).index("i", ["b"]) }),
    'Table "t" has two or more definitions of index "i".',
  ],
  [
    "two indexes alike",
    defineSchema({ t: anyTable().index("i", ["a"]).index("j", ["a"]) }),
    "have the same fields. Indexes must be unique within a table.",
  ],
  [
    "an index like a staged one",
    defineSchema({
      t: anyTable()
        .index("i", ["a"])
        .index("j", { fields: ["a"], staged: true }),
    }),
    "have the same fields",
  ],
  [
    "a field twice",
    defineSchema({ t: anyTable().index("i", ["a", "a"]) }),
    'In table "t": In index "i": Duplicate field "a". Index fields must be unique within an index.',
  ],
  [
    "_creationTime in an index",
    defineSchema({ t: anyTable().index("i", ["_creationTime"]) }),
    "`_creationTime` is automatically added to the end of each index.",
  ],
  [
    "_id in an index",
    defineSchema({ t: anyTable().index("i", ["_id"]) }),
    "`_id` is not a valid index field. To load documents by ID, use `db.get(id)`.",
  ],
  [
    "another system field in an index",
    defineSchema({ t: anyTable().index("i", ["_a"]) }),
    "Reserved fields (starting with `_`) are not allowed in indexes.",
  ],
  [
    "no identifier in an index",
    defineSchema({ t: anyTable().index("i", ["a-b"]) }),
    'In table "t": In index "i": Invalid index field: "a-b"',
  ],
  [
    "an index without fields",
    defineSchema({ t: anyTable().index("i", [] as unknown as ["a"]) }),
    'In table "t" index "i" must have at least one field.',
  ],
  [
    "17 fields in an index",
    defineSchema({
      t: anyTable().index(
        "i",
        Array.from({ length: 17 }, (_, i) => `f${i}`) as ["a"],
      ),
    }),
    "Indexes may have up to 16 fields.",
  ],
  [
    "65 indexes",
    defineSchema({ t: manyIndexes(65) }),
    'Table "t" cannot have more than 64 indexes.',
  ],
  [
    "an index on a field that does not exist",
    defineSchema({
      t: defineTable({ a: v.object({ b: v.string() }) }).index("i", [
        "a.c" as "a.b",
      ]),
    }),
    'In table "t" the index "i" is invalid because it references the field "a.c" that does not exist.',
  ],
  [
    "17 filter fields",
    defineSchema({
      t: anyTable().searchIndex("s", {
        searchField: "a",
        filterFields: Array.from({ length: 17 }, (_, i) => `f${i}`),
      }),
    }),
    'In table "t": Search indexes may have up to 16 filter fields.',
  ],
  [
    "two search indexes alike",
    defineSchema({
      t: anyTable()
        .searchIndex("s", { searchField: "a", filterFields: ["b", "c"] })
        .searchIndex("r", {
          searchField: "a",
          filterFields: ["c", "b"],
          staged: true,
        }),
    }),
    'In table "t" search index "r" and search index "s" have the same `searchField`.',
  ],
  [
    "a search index by the name of another index",
    defineSchema({
      t: anyTable().index("s", ["a"]).searchIndex("s", { searchField: "a" }),
    }),
    'Table "t" has two or more definitions of index "s".',
  ],
  [
    "a filter field that does not exist",
    defineSchema({
      t: defineTable({ a: v.string() }).searchIndex("s", {
        searchField: "a",
        filterFields: ["b" as "a"],
      }),
    }),
    'In table "t" the index "s" is invalid because it references the field "b" that does not exist.',
  ],
  [
    "no identifier in a search index",
    defineSchema({ t: anyTable().searchIndex("s", { searchField: "a-b" }) }),
    'In table "t": In index "s": Invalid index field: "a-b"',
  ],
  [
    "a vector of one dimension",
    defineSchema({
      t: anyTable().vectorIndex("e", { vectorField: "a", dimensions: 1 }),
    }),
    'In table "t": Dimensions 1 must be between 2 and 4096.',
  ],
  [
    "two vector indexes alike",
    defineSchema({
      t: anyTable()
        .vectorIndex("e", { vectorField: "a", dimensions: 2 })
        .vectorIndex("f", { vectorField: "a", dimensions: 2 }),
    }),
    'In table "t" vector index "f" and vector index "e" have the same `vectorField`.',
  ],
  [
    "a bad table name",
    defineSchema({ "1t": anyTable() }),
    'Invalid table name: "1t". Identifiers must start with a letter',
  ],
  [
    "a system table's name",
    defineSchema({ _t: anyTable() }),
    "_t is a reserved table name.",
  ],
  [
    "documents that are no objects",
    ofType({ type: "string" }),
    "The document validator in a schema must be an object, a union of objects, or `v.any()`. Found v.string().",
  ],
  [
    "a union with one that is none",
    ofType({
      type: "union",
      value: [{ type: "object", value: {} }, { type: "null" }],
    }),
    "Found v.null().",
  ],
  [
    "a field name beyond ASCII",
    withField({ type: "any" }, "é"),
    "Field name é has invalid character 'é': Field names can only contain non-control ASCII characters",
  ],
  [
    "a field name that is no identifier",
    withField({ type: "any" }, "x-y"),
    "Identifier x-y has invalid character '-': Identifiers can only contain alphanumeric characters or underscores",
  ],
  [
    "a field name that begins with a digit",
    withField({ type: "any" }, "1a"),
    "Invalid first character '1' in 1a: Identifiers must start with an alphabetic character or underscore",
  ],
  [
    "a field name that begins with $",
    withField({ type: "any" }, "$a"),
    "Field name $a starts with '$', which is reserved.",
  ],
  [
    "a field name of 65 characters",
    withField({ type: "any" }, "a".repeat(65)),
    "Identifier is too long (65 > maximum 64)",
  ],
  [
    "record keys that are numbers",
    withField(record({ type: "number" })),
    "Invalid validator for key `f`: Records can only have string keys. Your validator contains a record with key typed as `v.float64()`, which is not a subtype of `v.string()`",
  ],
  [
    "literal record keys",
    withField(
      record({ type: "union", value: [{ type: "literal", value: "a" }] }),
    ),
    "Records cannot have string literal keys",
  ],
  [
    "optional record values",
    withField(record({ type: "string" }, true)),
    "Records cannot have optional values",
  ],
  [
    "a literal that is null",
    withField({ type: "literal", value: null }),
    "is not a valid literal.",
  ],
  [
    "ids of no table",
    withField({ type: "array", value: { type: "id", tableName: "a b" } }),
    "Identifier a b has invalid character ' '",
  ],
])("a schema with %s is refused", (_, schema, text) => {
  const exported =
    "export" in schema
      ? (JSON.parse((schema as { export(): string }).export()) as JSONValue)
      : (schema as unknown as JSONValue);
  expect(() => parseSchema(exported)).toThrow(text);
});

test.each<[string, object]>([
  ["64 indexes", defineSchema({ t: manyIndexes(64) })],
  [
    "an index on a field of one of a union",
    defineSchema({
      t: defineTable(
        v.union(v.object({ a: v.string() }), v.object({ b: v.any() })),
      )
        .index("i", ["a"])
        .index("j", ["b.c" as "b"]),
    }),
  ],
  [
    "an index on no field, where nothing is validated",
    defineSchema(
      { t: defineTable({ a: v.string() }).index("i", ["b" as "a"]) },
      { schemaValidation: false },
    ),
  ],
  [
    "records by id",
    defineSchema({ t: defineTable({ a: v.record(v.id("t"), v.any()) }) }),
  ],
])("a schema with %s is taken", async (_, schema) => {
  const { db } = await openDatabase();
  await pushSchema(db, "", schema);
});

test("a schema that names a document's own fields takes documents without them", async () => {
  const { db } = await openDatabase();
  const own = { _id: v.id("t"), _creationTime: v.number() };
  const schema = defineSchema({
    t: defineTable({ ...own, n: v.number() }),
    u: defineTable(v.union(v.object({ ...own, n: v.number() }))),
  });
  await pushSchema(db, "", schema);
  await write(db, (tx) => tx.insert("", "t", { n: 1 }));
  await write(db, (tx) => tx.insert("", "u", { n: 1 }));
  await expect(write(db, (tx) => tx.insert("", "t", {}))).rejects.toThrow(
    "missing the required field `n`",
  );
});

test("a staged index is there once it is staged no longer", async () => {
  const { db } = await openDatabase();
  const staged = (isStaged: boolean) =>
    defineSchema({
      t: isStaged
        ? defineTable({ n: v.number() }).index("n", {
            fields: ["n"],
            staged: true,
          })
        : defineTable({ n: v.number() }).index("n", ["n"]),
    });
  await pushSchema(db, "", staged(true));
  await write(db, (tx) => tx.insert("", "t", { n: 1 }));
  const find = () =>
    read(db, (tx) => collect(tx, "", byIndex("t.n", [bound("Eq", "n", 1)])));
  expect(find).toThrow("t.n");
  await pushSchema(db, "", staged(false));
  expect(find()).toHaveLength(1);
  await pushSchema(db, "", staged(true));
  expect(find).toThrow("t.n");
});
