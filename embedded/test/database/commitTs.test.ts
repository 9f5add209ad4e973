import { defineSchema, defineTable } from "convex/server";
import { jsonToConvex, v, type JSONValue } from "convex/values";
import { expect, test } from "vitest";
import type { Database } from "../../src/database/database.js";
import { withCommitTs } from "../../src/database/transactions/commitTs.js";
import type { Transaction } from "../../src/database/transactions/transaction.js";
import { mutate, openDatabase, pushSchema, read } from "../support/database.js";

const COMMIT_TS = { $commitTs: null };
const SCHEMA = defineSchema({
  log: defineTable({ at: v.commitTs(), note: v.string() }).index("by_at", [
    "at",
  ]),
});

async function openLog(): Promise<Database> {
  const { db } = await openDatabase();
  await pushSchema(db, "", SCHEMA);
  return db;
}

/** Notes and times in the order of their times. */
function rows(tx: Transaction): { note: JSONValue; at: JSONValue }[] {
  const stream = tx.openQuery("", {
    source: {
      type: "IndexRange",
      indexName: "log.by_at",
      range: [],
      order: "asc",
    },
    operators: [],
  });
  const found: { note: JSONValue; at: JSONValue }[] = [];
  for (let next = stream.next(); next !== null; next = stream.next()) {
    const { note = null, at = null } = JSON.parse(next.json) as Record<
      string,
      JSONValue
    >;
    found.push({ note, at });
  }
  return found;
}

const add = (note: string) => (tx: Transaction) =>
  tx.insert("", "log", { at: COMMIT_TS, note });

test("commitTs becomes the time of the commit, in the document and its index entry", async () => {
  const db = await openLog();
  const first = await db.write(add("first"));
  const second = await db.write(add("second"));
  expect(second.ts).toBeGreaterThan(first.ts);
  const found = read(db, rows);
  expect(found.map(({ note }) => note)).toEqual(["first", "second"]);
  expect(found.map(({ at }) => jsonToConvex(at))).toEqual([
    first.ts,
    second.ts,
  ]);
});

test("commitTs sorts after every integer while the transaction runs", async () => {
  const db = await openLog();
  await db.write((tx) => {
    add("new")(tx);
    tx.insert("", "log", { at: { $integer: "AAAAAAAAAHA=" }, note: "far" });
    expect(rows(tx)).toMatchObject([
      { note: "far" },
      { note: "new", at: COMMIT_TS },
    ]);
  });
  expect(read(db, rows).map(({ note }) => note)).toEqual(["new", "far"]);
});

test("a new commitTs replaces an older time and its index entry", async () => {
  const db = await openLog();
  const { value: id } = await db.write(add("again"));
  const { ts } = await db.write((tx) => tx.patch("", id, { at: COMMIT_TS }));
  expect(read(db, rows).map(({ at }) => jsonToConvex(at))).toEqual([ts]);
});

test("commitTs is resolved in the result, but not in a string that only looks like it", () => {
  const json = JSON.stringify([COMMIT_TS, JSON.stringify(COMMIT_TS)]);
  const resolved = JSON.parse(withCommitTs(json, 7n)) as JSONValue;
  expect(jsonToConvex(resolved)).toEqual([7n, JSON.stringify(COMMIT_TS)]);
});

test("commitTs is the time of the commit, not of the beginning, where another commits between", async () => {
  const db = await openLog();
  let goOn = () => {};
  const between = new Promise<void>((resolve) => (goOn = resolve));
  const slow = mutate(db, async (tx) => {
    await between;
    add("slow")(tx);
  });
  const { ts: early } = await db.write(add("between"));
  goOn();
  const { ts } = await slow;
  expect(ts).toBeGreaterThan(early);
  expect(read(db, rows).map(({ at }) => jsonToConvex(at))).toEqual([early, ts]);
});
