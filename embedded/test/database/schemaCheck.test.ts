import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { beforeEach, expect, test } from "vitest";
import type { Database } from "../../src/database/database.js";
import { applySchema } from "../../src/database/schema/schema.js";
import { CheckedDocuments } from "../../src/database/schema/schemaCheck.js";
import { openMemoryStore } from "../support/memoryStore.js";
import {
  exported,
  openDatabase,
  pushSchema,
  write,
} from "../support/database.js";

const ROWS = 5_000;
const NUMBERS = exported(
  defineSchema({ rows: defineTable({ n: v.number() }) }),
);

let db: Database;
let checked: CheckedDocuments;
/** Number of entries read from the store. */
let entries = 0;
/** Id of the first document. */
let first: string;

beforeEach(async () => {
  const store = openMemoryStore({ onEntry: () => (entries += 1) });
  ({ db } = await openDatabase({ store }));
  await pushSchema(db, "", defineSchema({ rows: defineTable(v.any()) }));
  first = await insert(0);
  for (let from = 1; from < ROWS; from += 1_000) {
    await write(db, (tx) => {
      for (let n = from; n < from + 1_000; n += 1) tx.insert("", "rows", { n });
    });
  }
  checked = new CheckedDocuments(db);
});

const check = (signal = new AbortController().signal) =>
  checked.check("", NUMBERS, signal);

/** Runs the push's own transaction; returns how much of the store it read. */
async function push(): Promise<number> {
  const before = entries;
  await write(db, (tx) =>
    applySchema(tx, "", NUMBERS, new Set(), (table) =>
      checked.remaining(table),
    ),
  );
  return entries - before;
}

const insert = (n: unknown) =>
  write(db, (tx) => tx.insert("", "rows", { n: n as number }));

test("a push reads only the documents written since the check", async () => {
  const checking = check();
  const late = await insert(7);
  await checking;
  await insert(8);
  await write(db, (tx) => tx.remove("", late));
  expect(await push()).toBeLessThan(100);
});

test("other transactions commit while documents are checked", async () => {
  const order: string[] = [];
  const checking = check().then(() => order.push("checked"));
  await new Promise(setImmediate);
  await insert(7);
  order.push("written");
  await checking;
  expect(order).toEqual(["written", "checked"]);
});

test.each<[string, () => Promise<void>]>([
  [
    "before",
    async () => {
      await insert("seven");
      await check();
    },
  ],
  [
    "during",
    async () => {
      // The document is among those that were checked already.
      const checking = check();
      await write(db, (tx) => tx.patch("", first, { n: "seven" }));
      await checking;
    },
  ],
  [
    "after",
    async () => {
      await check();
      await insert("seven");
    },
  ],
])(
  "a document that does not fit, written %s the check, is found",
  async (_, act) => {
    await act();
    await expect(push()).rejects.toThrow(
      /Document with ID "\w{32}" in table "rows" does not match the schema/,
    );
  },
);

test("after an aborted or ended check the push checks all documents", async () => {
  await check(AbortSignal.abort());
  expect(await push()).toBeGreaterThan(ROWS - 1);
  await pushSchema(db, "", defineSchema({ rows: defineTable(v.any()) }));
  await check();
  checked.close();
  expect(await push()).toBeGreaterThan(ROWS - 1);
});

test("documents are not checked against an unchanged schema", async () => {
  await push();
  const before = entries;
  await check();
  expect(entries).toBe(before);
});
