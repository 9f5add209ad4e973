import { expect, onTestFinished, test } from "vitest";
import { DataFile } from "../../src/storage/dataFile.js";
import { SortedMap } from "../../src/storage/sortedMap.js";
import { temporaryDir } from "../support/database.js";
import { Random } from "../support/random.js";

const PAGE_BYTES = 4_096;
/** What LMDB adds to a key and its value in a page. */
const ENTRY_BYTES = 10;

function openData(): DataFile {
  const data = new DataFile(temporaryDir());
  onTestFinished(() => data.close());
  return data;
}

function put(
  data: DataFile,
  entries: Iterable<readonly [string, string | null]>,
): Promise<void> {
  const writes = new SortedMap<string | null>();
  for (const [key, value] of entries) writes.set(key, value);
  return data.commit(writes, 1);
}

const headOf = (table: number) => `\x04\0\0\0${String.fromCharCode(table)}`;
const keyOf = (table: number, n: number) =>
  headOf(table) + String(n).padStart(16, "0");

function contents(data: DataFile): Map<string, string> {
  const entries = [...data.lmdb.getRange({ start: "\x01", end: "\xff" })];
  return new Map(entries.map(({ key, value }) => [key, value]));
}

test("tables that grow at their ends fill their pages", async () => {
  const data = openData();
  const text = "x".repeat(300);
  const rows = (table: number, from: number, count: number) =>
    Array.from(
      { length: count },
      (_, n) => [keyOf(table, from + n), text] as const,
    );
  for (const table of [1, 2, 3]) await put(data, rows(table, 0, 3));
  for (let batch = 0; batch < 10; batch += 1) {
    const from = 3 + batch * 200;
    await put(data, [...rows(1, from, 200), ...rows(2, from, 200)]);
  }
  const stored = contents(data);
  expect(stored.size).toBe(2 * 2_003 + 3);
  const bytes = stored.size * (keyOf(1, 0).length + text.length + ENTRY_BYTES);
  const { treeLeafPageCount } = data.lmdb.getStats() as {
    treeLeafPageCount: number;
  };
  expect(bytes / (treeLeafPageCount * PAGE_BYTES)).toBeGreaterThan(0.85);
});

test("what lies behind the end of a table stays what it is", async () => {
  const random = new Random(1);
  const data = openData();
  const model = new Map<string, string>();
  const ends = [0, 0, 0];
  const value = () => "v".repeat(random.pick([0, 20, 300, 2_500]));
  for (let batch = 0; batch < 40; batch += 1) {
    const writes = new Map<string, string | null>();
    for (const table of [0, 1, 2]) {
      const end = ends[table]!;
      for (let n = 0; n < random.below(20); n += 1) {
        const isGone = random.chance(0.5);
        writes.set(
          keyOf(table, random.below(end + 5)),
          isGone ? null : value(),
        );
      }
      if (random.chance(0.5)) continue;
      const count = random.below(150);
      for (let n = 0; n < count; n += 1)
        writes.set(keyOf(table, end + n), value());
      ends[table] = end + count;
    }
    await put(data, writes);
    for (const [key, written] of writes) {
      if (written === null) model.delete(key);
      else model.set(key, written);
    }
    data.lmdb.resetReadTxn();
    expect(contents(data)).toEqual(model);
  }
});
