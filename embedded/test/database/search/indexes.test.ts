import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { expect, test } from "vitest";
import type { Database } from "../../../src/database/database.js";
import {
  buildIndexes,
  discardBuilds,
} from "../../../src/database/schema/indexBuild.js";
import { BUILD_BATCH } from "../../../src/database/schema/indexFill.js";
import { applySchema } from "../../../src/database/schema/schema.js";
import {
  exported,
  fullScan,
  collect,
  mutate,
  openDatabase,
  pushSchema,
  read,
  write,
} from "../../support/database.js";
import { openMemoryStore } from "../../support/memoryStore.js";
import {
  found,
  NONE_WRONG,
  searchFor,
  wrongRows,
} from "../../support/search.js";
import type { Store } from "../../../src/storage/store.js";
import { insertImported } from "../../../src/database/imports/importedDocuments.js";
import {
  activateStaged,
  stageTable,
} from "../../../src/database/imports/staging.js";

const table = () =>
  defineTable({
    n: v.number(),
    body: v.optional(v.union(v.string(), v.null())),
    tag: v.optional(v.string()),
  });
const plain = defineSchema({ t: table() });
const indexed = defineSchema({
  t: table().searchIndex("search", {
    searchField: "body",
    filterFields: ["tag"],
  }),
});

async function openCounted() {
  const seen = { commits: [] as number[], entries: 0 };
  const store = openMemoryStore({
    onWrite: (keys) => seen.commits.push(keys),
    onEntry: () => (seen.entries += 1),
  });
  const { db } = await openDatabase({ store });
  return { db, store, seen };
}

const WORDS = ["red", "green", "blue", "redder", "Rot", "été"];

async function insertRows(db: Database, rows: number): Promise<void> {
  for (let from = 0; from < rows; from += 250) {
    await write(db, (tx) => {
      for (let n = from; n < Math.min(from + 250, rows); n += 1) {
        const body = `${WORDS[n % 6]} ${WORDS[n % 5]} word${n % 40}`;
        tx.insert("", "t", {
          n,
          ...(n % 7 === 0 ? {} : { body }),
          tag: `${n % 3}`,
        });
      }
    });
  }
}

const never = new AbortController().signal;
const ignore = () => undefined;

function countKeys(store: Store): number {
  const snapshot = store.snapshot();
  const keys = [...snapshot.range({ lower: "\x00", upper: "\xff" })].length;
  snapshot.release();
  return keys;
}

const find = (db: Database, text: string, tag?: string) =>
  read(db, (tx) =>
    found(tx, searchFor(text, tag === undefined ? {} : { tag })),
  );

test("a push fills the index of many rows in small commits, writes in between included", async () => {
  const { db, store, seen } = await openCounted();
  await pushSchema(db, "", plain);
  await insertRows(db, 2_200);
  const rows = read(db, (tx) =>
    collect(tx, "", fullScan("t")).map(({ value }) => value["_id"] as string),
  );
  seen.commits.length = 0;
  let wrote: Promise<unknown> = Promise.resolve();
  const ids = await buildIndexes(
    db,
    "",
    exported(indexed),
    ({ documents }) => {
      if (documents === 0 || documents > BUILD_BATCH.documents) return;
      wrote = write(db, (tx) => {
        for (const id of [rows[0]!, rows[1]!, rows[2_190]!]) {
          tx.patch("", id, { body: "changed meanwhile", tag: "new" });
        }
        tx.remove("", rows[3]!);
        tx.remove("", rows[2_191]!);
        tx.patch("", rows[2_192]!, { body: null });
        tx.patch("", rows[2_193]!, { tag: "new" });
        tx.insert("", "t", { n: 9_000, body: "inserted meanwhile" });
      });
    },
    never,
  );
  await wrote;
  expect(seen.commits.length).toBeGreaterThan(3);
  expect(Math.max(...seen.commits)).toBeLessThan(2 * BUILD_BATCH.entries);
  expect(() => find(db, "red")).toThrow("Index t.search not found.");
  seen.commits.length = 0;
  const diff = await write(db, (tx) =>
    applySchema(tx, "", exported(indexed), new Set(ids)),
  );
  expect(diff.added).toEqual([
    {
      table: "t",
      kind: "search",
      name: "search",
      searchField: "body",
      filterFields: ["tag"],
    },
  ]);
  expect(Math.max(...seen.commits)).toBeLessThan(10);
  expect(wrongRows(db, store, "t", "search")).toEqual(NONE_WRONG);
  expect(find(db, "meanwhile", "new")).toHaveLength(3);
  expect(find(db, "inserted")).toEqual([9_000]);
});

test("a mutation under way while a build meets its document runs again", async () => {
  const { db, store } = await openCounted();
  await pushSchema(db, "", plain);
  await insertRows(db, 600);
  const [first] = read(db, (tx) => collect(tx, "", fullScan("t")));
  const id = first!.value["_id"] as string;
  let begin = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let runs = 0;
  const building = buildIndexes(
    db,
    "",
    exported(indexed),
    // The index is in the catalog, and nothing in it, when the mutation begins.
    ({ documents }) => {
      if (documents > 0) {
        release();
        return;
      }
      void mutate(db, async (tx) => {
        runs += 1;
        tx.patch("", id, { body: "moved away" });
        begin();
        if (runs === 1) await held;
      });
    },
    never,
  );
  await begun;
  const ids = await building;
  await expect.poll(() => runs).toBe(2);
  await write(db, (tx) => applySchema(tx, "", exported(indexed), new Set(ids)));
  await expect.poll(() => find(db, "moved")).toEqual([0]);
  expect(wrongRows(db, store, "t", "search")).toEqual(NONE_WRONG);
});

test("an index that is dropped, discarded or replaced leaves nothing behind", async () => {
  const { db, store } = await openCounted();
  await pushSchema(db, "", plain);
  await insertRows(db, 300);
  const before = countKeys(store);
  await pushSchema(db, "", indexed);
  expect(countKeys(store)).toBeGreaterThan(before + 900);
  expect(find(db, "red").length).toBeGreaterThan(0);
  await pushSchema(db, "", plain);
  expect(() => find(db, "red")).toThrow("not found");
  await expect.poll(() => countKeys(store)).toBe(before);
  const ids = await buildIndexes(db, "", exported(indexed), ignore, never);
  expect(countKeys(store)).toBeGreaterThan(before + 900);
  await discardBuilds(db, new Set(ids));
  await expect.poll(() => countKeys(store)).toBe(before);
  // Another filter field makes it another index.
  await pushSchema(db, "", indexed);
  const size = countKeys(store);
  const other = defineSchema({
    t: table().searchIndex("search", {
      searchField: "body",
      filterFields: ["n"],
    }),
  });
  expect(await pushSchema(db, "", other)).toMatchObject({
    added: [{ filterFields: ["n"] }],
    removed: [{ filterFields: ["tag"] }],
  });
  await expect.poll(() => countKeys(store)).toBe(size);
  expect(wrongRows(db, store, "t", "search")).toEqual(NONE_WRONG);
});

test("a table that an import replaces is indexed, its old index gone", async () => {
  const { db, store } = await openCounted();
  await pushSchema(db, "", indexed);
  await insertRows(db, 100);
  const staged = await write(db, (tx) =>
    stageTable(tx, { component: "", name: "t", hasForeignIds: true }),
  );
  await write(db, (tx) =>
    insertImported(
      tx,
      { kind: "staged", table: staged },
      Array.from({ length: 20 }, (_, n) => ({
        n,
        body: "imported word",
        // Ids do not begin with their time, in whose order the newest come first all the same.
        _creationTime: 1_000 + ((n * 7) % 20),
      })),
      [staged],
    ),
  );
  await write(db, (tx) =>
    activateStaged(tx, { staged: [staged], removed: [], requireEmpty: false }),
  );
  const newest = Array.from({ length: 20 }, (_, n) => n).sort(
    (a, b) => ((b * 7) % 20) - ((a * 7) % 20),
  );
  expect(find(db, "imported")).toEqual(newest);
  expect(find(db, "red")).toEqual([]);
  expect(wrongRows(db, store, "t", "search")).toEqual(NONE_WRONG);
});

test("a restart reads nothing of the index", async () => {
  const { db, store, seen } = await openCounted();
  await pushSchema(db, "", indexed);
  await insertRows(db, 500);
  const before = find(db, "red");
  seen.entries = 0;
  const { db: again } = await openDatabase({ store });
  expect(seen.entries).toBeLessThan(20);
  expect(find(again, "red")).toEqual(before);
});

test("a word that all have costs no more than the best do", async () => {
  const { db, seen } = await openCounted();
  await pushSchema(db, "", indexed);
  const insert = (body: (n: number) => string) =>
    write(db, (tx) => {
      for (let n = 0; n < 2_000; n += 1)
        tx.insert("", "t", { n, body: body(n), tag: n < 5 ? "few" : "many" });
    });
  await insert(() => "the same");
  await insert((n) => `the other ${n === 0 ? "rare" : "one"}`);
  const cost = (text: string, limit: number, tag?: string) => {
    const query = searchFor(text, tag === undefined ? {} : { tag }, {
      operators: [{ limit }],
    });
    seen.entries = 0;
    const rows = read(db, (tx) => found(tx, query)).length;
    return { rows, entries: seen.entries };
  };
  expect(cost("the", 10)).toEqual({
    rows: 10,
    entries: expect.any(Number) as number,
  });
  expect(cost("the", 10).entries).toBeLessThan(100);
  expect(cost("the rare ", 10).entries).toBeLessThan(100);
  expect(cost("the", 1_024).entries).toBeLessThan(1_200);
  expect(cost("the", 10, "few")).toMatchObject({ rows: 10 });
  expect(cost("the", 10, "few").entries).toBeLessThan(100);
});

test("mutations side by side that write the same words commit both, and are counted both", async () => {
  const { db, store } = await openCounted();
  await pushSchema(db, "", indexed);
  await insertRows(db, 20);
  const ids = read(db, (tx) =>
    collect(tx, "", fullScan("t")).map(({ value }) => value["_id"] as string),
  );
  const lost: number[] = [];
  await Promise.all(
    ids.map((id, n) =>
      mutate(
        db,
        async (tx) => {
          tx.insert("", "t", { n: 100 + n, body: `red red ${n}`, tag: "0" });
          await Promise.resolve();
          tx.patch("", id, { body: n % 2 === 0 ? "red green blue" : null });
          await Promise.resolve();
          if (n % 5 === 0) tx.remove("", id);
        },
        { lost: () => lost.push(n) },
      ),
    ),
  );
  expect(lost).toEqual([]);
  expect(wrongRows(db, store, "t", "search")).toEqual(NONE_WRONG);
});

test.each<[string, string, Record<string, string | null>, boolean]>([
  ["a word that is searched", "red", { body: "some red" }, true],
  ["a word that begins with the last", "some re", { body: "red" }, true],
  ["none of the words", "red", { body: "blue green" }, false],
  [
    "a word that begins with one that is not the last",
    "re some",
    { body: "red" },
    false,
  ],
])(
  "a mutation that searched runs again after %s was written",
  async (_, text, fields, isTouched) => {
    const { db } = await openCounted();
    await pushSchema(db, "", indexed);
    const lost: string[] = [];
    let first = true;
    await mutate(
      db,
      async (tx) => {
        const seen = found(tx, searchFor(text)).length;
        if (first) {
          first = false;
          await write(db, (other) =>
            other.insert("", "t", { n: 0, ...fields }),
          );
        }
        tx.insert("", "t", { n: 1, body: `saw ${seen}` });
      },
      { lost: ({ table: name }) => lost.push(name) },
    );
    expect(lost).toEqual(isTouched ? ["t"] : []);
  },
);

test("a search depends on documents that move to its filter, or out of it", async () => {
  const { db } = await openCounted();
  await pushSchema(db, "", indexed);
  const [inside, outside, other] = await write(db, (tx) =>
    [
      { n: 0, body: "red", tag: "a" },
      { n: 1, body: "red", tag: "b" },
      { n: 2, body: "blue", tag: "b" },
    ].map((fields) => tx.insert("", "t", fields)),
  );
  const losesTo = async (
    change: (tx: Parameters<Parameters<typeof write>[1]>[0]) => void,
  ) => {
    let lost = 0;
    await mutate(
      db,
      async (tx) => {
        found(tx, searchFor("red", { tag: "a" }));
        if (lost === 0) await write(db, (one) => void change(one));
        tx.insert("", "t", { n: 3, body: "done" });
      },
      { lost: () => (lost += 1) },
    );
    return lost > 0;
  };
  expect(await losesTo((tx) => tx.patch("", outside!, { tag: "a" }))).toBe(
    true,
  );
  expect(await losesTo((tx) => tx.patch("", inside!, { tag: "c" }))).toBe(true);
  expect(await losesTo((tx) => tx.patch("", other!, { tag: "a" }))).toBe(false);
  // Of another filter's documents nothing matters.
  const elsewhere = { n: 4, body: "red", tag: "b" };
  expect(await losesTo((tx) => tx.insert("", "t", elsewhere))).toBe(false);
  expect(
    await losesTo((tx) => tx.insert("", "t", { ...elsewhere, tag: "a" })),
  ).toBe(true);
  expect(await losesTo((tx) => tx.patch("", outside!, { n: 7 }))).toBe(true);
  expect(await losesTo((tx) => tx.remove("", outside!))).toBe(true);
  expect(await losesTo((tx) => tx.patch("", inside!, { n: 8 }))).toBe(false);
});
