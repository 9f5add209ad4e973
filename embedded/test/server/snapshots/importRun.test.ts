import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { beforeEach, expect, test } from "vitest";
import type { Database } from "../../../src/database/database.js";
import type { StoredFiles } from "../../../src/files/storedFiles.js";
import type { TablePlan } from "../../../src/server/snapshots/importPlan.js";
import {
  IMPORT_BATCH,
  runImport,
} from "../../../src/server/snapshots/importRun.js";
import { openMemoryStore } from "../../support/memoryStore.js";
import type { Store } from "../../../src/storage/store.js";
import {
  byIndex,
  collect,
  openDatabase,
  pushSchema,
  read,
  write,
} from "../../support/database.js";

const ROWS = 5_500;

const rows = () =>
  defineTable({ n: v.number(), m: v.optional(v.number()) }).index("n", ["n"]);

let db: Database;
let files: StoredFiles;
let store: Store;
/** Number of keys written by each commit. */
let commits: number[];

beforeEach(async () => {
  commits = [];
  store = openMemoryStore({ onWrite: (keys) => commits.push(keys) });
  ({ db, files } = await openDatabase({ store }));
  await pushSchema(db, "", defineSchema({ rows: rows() }));
});

const noProgress = {
  doing: () => undefined,
  done: () => undefined,
  completed: () => undefined,
};
const never = new AbortController().signal;

/** A table of many rows; `between` is called before each of them. */
function plan(between: (n: number) => Promise<unknown> | void): TablePlan {
  const name = "rows";
  const rowsOf = async function* () {
    for (let n = 0; n < ROWS; n += 1) {
      await between(n);
      yield { n: ROWS - n };
    }
  };
  const source = { component: "", name, rows: rowsOf };
  return {
    component: "",
    name,
    source,
    documents: ROWS,
    number: undefined,
    hasForeignIds: false,
  };
}

const numbers = () =>
  read(db, (tx) =>
    collect(tx, "", byIndex("rows.n")).map(({ value }) => value["n"]),
  );

function countKeys(): number {
  const snapshot = store.snapshot();
  const keys = [...snapshot.range({ lower: "\x00", upper: "\xff" })].length;
  snapshot.release();
  return keys;
}

test("an import writes in batches, and replaced documents are deleted in batches", async () => {
  await write(db, (tx) => tx.insert("", "rows", { n: 0.5 }));
  const seen = new Set<number>();
  const plans = [plan(() => void seen.add(numbers().length))];
  await runImport({ database: db, files }, plans, "replace", noProgress, never);
  expect(seen).toEqual(new Set([1]));
  expect(numbers()).toEqual(Array.from({ length: ROWS }, (_, n) => n + 1));
  const keys = countKeys();
  await runImport(
    { database: db, files },
    [plan(() => undefined)],
    "replace",
    noProgress,
    never,
  );
  await expect.poll(countKeys).toBe(keys);
  // Each document has an entry in the index; a commit also has its time and the catalog's records.
  expect(Math.max(...commits)).toBeLessThanOrEqual(
    2 * IMPORT_BATCH.documents + 10,
  );
});

test.each<[string, (n: number) => Promise<unknown> | void, RegExp]>([
  [
    "the schema changes",
    (n) =>
      n === 3_000
        ? pushSchema(db, "", defineSchema({ rows: rows().index("m", ["m"]) }))
        : undefined,
    /The schema changed during the import/,
  ],
  [
    "the table gets documents",
    (n) =>
      n === 3_000
        ? write(db, (tx) => tx.insert("", "rows", { n: -1 }))
        : undefined,
    /already has documents/,
  ],
  [
    "its file cannot be read to the end",
    (n) => (n === 3_000 ? Promise.reject(new Error("gone")) : undefined),
    /gone/,
  ],
])(
  "an import during which %s changes nothing",
  async (_what, between, message) => {
    const importing = runImport(
      { database: db, files },
      [plan(between)],
      "requireEmpty",
      noProgress,
      never,
    );
    await expect(importing).rejects.toThrow(message);
    await expect.poll(countKeys).toBeLessThan(20);
    expect(numbers().every((n) => n === -1)).toBe(true);
  },
);
