import { defineSchema, defineTable } from "convex/server";
import { v, type JSONValue } from "convex/values";
import { beforeEach, expect, test } from "vitest";
import type { Database } from "../../../src/database/database.js";
import type { Transaction } from "../../../src/database/transactions/transaction.js";
import {
  byIndex,
  openDatabase,
  pushSchema,
  read,
  write,
} from "../../support/database.js";
import { openMemoryStore } from "../../support/memoryStore.js";
import { found, searchFor } from "../../support/search.js";

const schema = defineSchema({
  t: defineTable(v.any())
    .searchIndex("search", { searchField: "body", filterFields: ["a", "b.c"] })
    .searchIndex("nested", { searchField: "in.side" })
    .searchIndex("staged", { searchField: "later", staged: true })
    .index("n", ["n"]),
});

let db: Database;

beforeEach(async () => {
  ({ db } = await openDatabase({ store: openMemoryStore() }));
  await pushSchema(db, "", schema);
});

/** Adds documents, numbered in the order in which they are made. */
async function add(...documents: (string | Record<string, JSONValue>)[]) {
  await write(db, (tx) => {
    const first = tx.count("", "t");
    for (const [i, one] of documents.entries()) {
      const fields = typeof one === "string" ? { body: one } : one;
      tx.insert("", "t", { n: first + i, ...fields });
    }
  });
}

const find = (text: string, equal: Record<string, JSONValue> = {}) =>
  read(db, (tx) => found(tx, searchFor(text, equal)));

test.each<[string, string, number]>([
  ["words in any order and case", "HELLO, hi", 1],
  ["what stands between words", "hello-world/hi", 1],
  ["one of the words", "nothing hello", 1],
  ["the beginning of the last word", "hel", 1],
  ["no beginning of another word", "hel nothing", 0],
  ["no end of a word", "ello", 0],
  ["a number", "2024", 1],
  ["letters beyond ASCII in another case", "ÉCOLE", 1],
  ["a sigma wherever it stands", "ΟΔΟΣ", 1],
  ["words of other scripts", "日本", 1],
  ["no combining mark's base", "cafe nothing", 0],
  ["a word of 31 bytes", "y".repeat(31), 1],
  ["no word of 32 bytes", "z".repeat(32), 0],
  ["nothing", "", 0],
  ["punctuation", " ... !", 0],
])("finds %s", async (_, text, count) => {
  await add(
    `Hello world! Hi (in 2024), école όδος οδοσ 日本語 café ${"y".repeat(31)} ${"z".repeat(32)}`,
  );
  expect(find(text)).toHaveLength(count);
});

test("ranks by BM25: rare words, short texts, frequent words, then the newest", async () => {
  await add(
    "common filler filler filler",
    "common rare filler filler",
    "common common filler filler",
    "common",
    "commonly filler filler filler",
    "common filler filler filler",
    "other text altogether",
  );
  // What only begins with the word counts half, but is rare here.
  expect(find("common")).toEqual([4, 3, 2, 5, 1, 0]);
  expect(find("rare common")[0]).toBe(1);
  // A repeated word counts once.
  expect(find("common common common")).toEqual(find("common"));
});

test("looks at the first 16 words", async () => {
  await add("sixteenth", "seventeenth");
  const words = Array.from({ length: 15 }, (_, i) => `w${i}`).join(" ");
  expect(find(`${words} sixteenth seventeenth`)).toEqual([0]);
});

test("expands the last word to the first 64 that begin with it", async () => {
  await add(
    ...Array.from({ length: 70 }, (_, i) => `pre${String(i).padStart(2, "0")}`),
  );
  const all = find("pre") as number[];
  expect([...all].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 64 }, (_, i) => i),
  );
  // Words that are whole take their place first.
  expect(find("pre69 pre68 pre")).toContain(69);
});

test("finds what has all filters' values, of any type, or misses the field", async () => {
  const long = "l".repeat(100);
  await add(
    { body: "x", a: 1, b: { c: [1, { d: null }] } },
    { body: "x", a: "1" },
    { body: "x", a: long, b: { c: null } },
    { body: "x", a: `${long}!` },
    { body: "x", a: null },
    { body: "y", a: 1 },
    { body: "x", a: { $integer: "AQAAAAAAAAA=" } },
  );
  expect(find("x", { a: 1 })).toEqual([0]);
  expect(find("x", { a: long })).toEqual([2]);
  expect(find("x", { a: null })).toEqual([4]);
  expect(find("x", { a: { $integer: "AQAAAAAAAAA=" } })).toEqual([6]);
  expect(find("x", { "b.c": [1, { d: null }] })).toEqual([0]);
  expect(find("x", { a: 1, "b.c": null })).toEqual([]);
  expect(find("x", { a: { $undefined: null } })).toEqual([]);
  expect(find("x", { "b.c": { $undefined: null } })).toEqual([6, 4, 3, 1]);
  expect(find("nothing", { a: 1 })).toEqual([]);
});

test("searches nested fields, and only strings", async () => {
  await add(
    { in: { side: "deep words" } },
    { in: { side: ["deep"] } },
    { in: "deep" },
    { in: { side: 7 } },
  );
  const deep = searchFor("deep", {}, { index: "t.nested", field: "in.side" });
  expect(read(db, (tx) => found(tx, deep))).toEqual([0]);
});

test("a mutation finds what it wrote, and no more what it changed or took back", async () => {
  await add("first apple", "second pear");
  const results = await write(db, (tx) => {
    const seen: unknown[] = [];
    const look = () => seen.push(found(tx, searchFor("apple")));
    const [pear] = found(tx, searchFor("pear"), "_id") as string[];
    tx.patch("", pear!, { body: "second apple now" });
    look();
    const layer = tx.layer();
    tx.insert("", "t", { n: 2, body: "apple apple" });
    look();
    layer.rollback();
    look();
    const [best] = found(tx, searchFor("first"), "_id") as string[];
    tx.remove("", best!);
    look();
    return seen;
  });
  expect(results).toEqual([[0, 1], [2, 0, 1], [0, 1], [1]]);
  expect(find("apple")).toEqual([1]);
});

test("an open search does not see later writes", async () => {
  await add("apple", "apple");
  await write(db, (tx) => {
    const stream = tx.openQuery("", searchFor("apple"));
    expect(stream.next()?.value["n"]).toBe(1);
    const all = found(tx, searchFor("apple"), "_id") as string[];
    for (const id of all) tx.remove("", id);
    expect(stream.next()?.value["n"]).toBe(0);
    expect(stream.next()).toBeNull();
    stream.close();
  });
});

test("reads 1,024 documents, and fails at the next", async () => {
  await add(...Array.from({ length: 1_030 }, () => "word"));
  expect(() => find("word")).toThrow(
    "Search query scanned too many documents (fetched 1024). Consider using a smaller limit, paginating the query, or using a filter field",
  );
  const limited = (limit: number) =>
    read(db, (tx) =>
      found(tx, searchFor("word", {}, { operators: [{ limit }] })),
    );
  expect(limited(1_024)).toHaveLength(1_024);
  expect(limited(3)).toEqual([1_029, 1_028, 1_027]);
  const filtered = (limit: number) =>
    read(db, (tx) =>
      found(
        tx,
        searchFor(
          "word",
          {},
          {
            operators: [
              { filter: { $lt: [{ $field: "n" }, { $literal: 1_000 }] } },
              { limit },
            ],
          },
        ),
      ),
    );
  expect(filtered(2)).toEqual([999, 998]);
});

test("pages go on where the one before ended, and end where they are told to", async () => {
  await add("b", "a b", "a a b", "b b b", "c", "b c", "b b");
  const all = find("b") as number[];
  read(db, (tx) => {
    const page = (cursor: string | null, endCursor: string | null = null) =>
      tx.queryPage("", {
        query: searchFor("b"),
        cursor,
        endCursor,
        pageSize: 4,
      });
    const numbers = ({ page: rows }: ReturnType<typeof page>) =>
      rows.map(({ value }) => value["n"]);
    const first = page(null);
    const second = page(first.continueCursor);
    expect([...numbers(first), ...numbers(second)]).toEqual(all);
    expect(first).toMatchObject({ isDone: false, splitCursor: null });
    expect(second.isDone).toBe(true);
    expect(numbers(page(null, second.continueCursor))).toEqual(all);
    expect(numbers(page(null, first.continueCursor))).toEqual(numbers(first));
    expect(numbers(page(second.continueCursor))).toEqual([]);
    expect(() =>
      tx.queryPage("", {
        query: searchFor("c"),
        cursor: first.continueCursor,
        pageSize: 4,
      }),
    ).toThrow("InvalidCursor");
  });
});

const eq = (fieldPath: string, value: JSONValue) => ({
  type: "Eq",
  fieldPath,
  value,
});
const text = (value: string, fieldPath = "body") => ({
  type: "Search",
  fieldPath,
  value,
});

test.each<[string, string, JSONValue, string]>([
  [
    "no text",
    "t.search",
    [eq("a", 1)],
    'Search query against t.search does not contain any search filters. You must include a search filter like `q.search("field", searchText)`.',
  ],
  [
    "two texts",
    "t.search",
    [text("a"), text("b")],
    'Search query against t.search contains multiple search filters against "body". Only one is allowed.',
  ],
  [
    "another field's text",
    "t.search",
    [text("a", "title")],
    'Search query against t.search contains a search filter against "title", which doesn\'t match the indexed `searchField` "body".',
  ],
  [
    "a field that is no filter field",
    "t.search",
    [text("a"), eq("n", 1)],
    'Search query against t.search contains an equality filter on "n" but that field isn\'t indexed for filtering in `filterFields`.',
  ],
  [
    "nine filters",
    "t.search",
    [text("a"), ...Array.from({ length: 9 }, (_, i) => eq("a", i))],
    "Search query against t.search has too many filter conditions. Max: 8 Actual: 9",
  ],
  ["a missing index", "t.none", [text("a")], "Index t.none not found."],
  ["a missing table", "u.search", [text("a")], "Index u.search not found."],
  ["a database index", "t.n", [text("a")], "Index t.n is not a search index"],
  [
    "a staged index",
    "t.staged",
    [text("a", "later")],
    "Index t.staged is currently staged and not available to query until it is enabled.",
  ],
  ["no filters", "t.search", 7, "Not the filters of a search: 7."],
  [
    "a number in place of the text",
    "t.search",
    [{ type: "Search", fieldPath: "body", value: 5 }],
    'What is searched for in "body" must be a string, got 5.',
  ],
  [
    "no filter",
    "t.search",
    [text("a"), { type: "Eq" }],
    "Not the filters of a search:",
  ],
])("refuses %s", async (_, indexName, filters, message) => {
  await add("a");
  const query = {
    source: { type: "Search" as const, indexName, filters },
    operators: [],
  };
  expect(() => read(db, (tx) => found(tx, query))).toThrow(message);
});

test("an index for searches is no database index", () => {
  expect(() => read(db, (tx) => found(tx, byIndex("t.search")))).toThrow(
    "Index t.search is not a database index",
  );
});

test("an empty text finds nothing, whatever the index", () => {
  const none = searchFor("", {}, { index: "t.none" });
  expect(read(db, (tx) => found(tx, none))).toEqual([]);
});

test("counts the documents that it reads, not those that it looks at", async () => {
  await add(...Array.from({ length: 50 }, () => "word"));
  read(db, (tx: Transaction) => {
    found(tx, searchFor("word", {}, { operators: [{ limit: 5 }] }));
    expect(tx.metrics.report().documentsRead.used).toBe(5);
  });
});
