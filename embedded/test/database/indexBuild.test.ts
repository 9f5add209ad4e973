import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { expect, test } from "vitest";
import type { Database } from "../../src/database/database.js";
import {
  buildIndexes,
  discardBuilds,
} from "../../src/database/schema/indexBuild.js";
import { BUILD_BATCH } from "../../src/database/schema/indexFill.js";
import { applySchema } from "../../src/database/schema/schema.js";
import { openMemoryStore } from "../support/memoryStore.js";
import type { Store } from "../../src/storage/store.js";
import {
  byIndex,
  collect,
  exported,
  fullScan,
  openDatabase,
  pushSchema,
  read,
  write,
} from "../support/database.js";

const ROWS = 5_500;
/** Keys that a commit writes besides its own: the catalog's records and its time. */
const BESIDE = 5;

const rows = () => defineTable({ n: v.number() });
const plain = () => defineSchema({ rows: rows() });
const indexed = () =>
  exported(defineSchema({ rows: rows().index("n", ["n"]) }));

/** A database with many rows, and how many keys each of its commits writes. */
async function openCounted() {
  const commits: number[] = [];
  const store = openMemoryStore({ onWrite: (keys) => commits.push(keys) });
  const { db } = await openDatabase({ store });
  await pushSchema(db, "", plain());
  await insertRows(db);
  commits.length = 0;
  return { db, store, commits };
}

async function insertRows(db: Database): Promise<void> {
  for (let from = 0; from < ROWS; from += 500) {
    await write(db, (tx) => {
      for (let n = from; n < from + 500; n += 1) {
        tx.insert("", "rows", { n: (n * 7_919) % ROWS });
      }
    });
  }
}

const ignore = () => undefined;
const never = new AbortController().signal;

function countKeys(store: Store): number {
  const snapshot = store.snapshot();
  const keys = [...snapshot.range({ lower: "\x00", upper: "\xff" })].length;
  snapshot.release();
  return keys;
}

const numbers = (db: Database, query: ReturnType<typeof byIndex>) =>
  read(db, (tx) => {
    const view = tx.snapshotView();
    return collect(view, "", query).map(({ value }) => value["n"] as number);
  });

test("an index on many rows is filled in batches, including writes between them", async () => {
  const { db, commits } = await openCounted();
  const [first, second] = read(db, (tx) =>
    collect(tx, "", fullScan("rows")).map(
      ({ value }) => value["_id"] as string,
    ),
  ) as [string, string];
  const seen: number[] = [];
  const building = buildIndexes(
    db,
    "",
    indexed(),
    ({ documents }) => {
      seen.push(documents);
      if (documents !== 2 * BUILD_BATCH.documents) return;
      void write(db, (tx) => {
        tx.patch("", first, { n: -1 });
        tx.remove("", second);
        tx.insert("", "rows", { n: 0.5 });
      });
    },
    never,
  );
  const ids = await building;
  expect(ids).toHaveLength(1);
  expect(seen.at(-1)).toBeGreaterThanOrEqual(ROWS);
  expect(seen.length).toBeGreaterThan(5);
  expect(Math.max(...commits)).toBeLessThanOrEqual(
    BUILD_BATCH.documents + BESIDE,
  );
  // No query reads the index before the push that brings it.
  expect(() => numbers(db, byIndex("rows.n"))).toThrow("not found");

  commits.length = 0;
  const diff = await write(db, (tx) =>
    applySchema(tx, "", indexed(), new Set(ids)),
  );
  expect(diff.added).toEqual([{ table: "rows", name: "n", fields: ["n"] }]);
  expect(Math.max(...commits)).toBeLessThanOrEqual(BESIDE);
  const all = numbers(db, fullScan("rows"));
  expect(all).toHaveLength(ROWS);
  expect(numbers(db, byIndex("rows.n"))).toEqual(
    [...all].sort((a, b) => a - b),
  );
});

test("the entries of a dropped index are deleted in batches", async () => {
  const { db, store, commits } = await openCounted();
  const before = countKeys(store);
  await write(db, (tx) => applySchema(tx, "", indexed()));
  expect(countKeys(store)).toBe(before + ROWS);
  commits.length = 0;
  await pushSchema(db, "", plain());
  await expect.poll(() => countKeys(store)).toBe(before);
  expect(commits.length).toBeGreaterThan(5);
  expect(Math.max(...commits)).toBeLessThanOrEqual(1_000 + BESIDE);
});

test("a discarded index build leaves no entries", async () => {
  const { db, store } = await openCounted();
  const before = countKeys(store);
  const ids = await buildIndexes(db, "", indexed(), ignore, never);
  expect(countKeys(store)).toBe(before + ROWS);
  await discardBuilds(db, new Set(ids));
  await expect.poll(() => countKeys(store)).toBe(before);
});

test("an index build interrupted by a stop is discarded at the next start", async () => {
  const first = await openDatabase();
  await pushSchema(first.db, "", plain());
  await insertRows(first.db);
  const before = countKeys(first.store);
  await buildIndexes(first.db, "", indexed(), ignore, never);
  await first.store.close();
  const { db, store } = await openDatabase({
    dataDir: first.dataDir,
    clock: first.clock,
  });
  await expect.poll(() => countKeys(store)).toBe(before);
  await write(db, (tx) => applySchema(tx, "", indexed()));
  expect(numbers(db, byIndex("rows.n"))).toHaveLength(ROWS);
});
