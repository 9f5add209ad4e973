import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { WriteOp } from "../../src/storage/store.js";
import { WriteAheadLog } from "../../src/storage/writeAheadLog.js";
import { Random } from "../support/random.js";
import { temporaryDir } from "../support/database.js";

const BLOCK_BYTES = 4_096;
const HEADER_BYTES = 44;
/** Size of a record with the one write that `logOf` appends. */
const RECORD_BYTES = HEADER_BYTES + 6 + 2 * "key 0".length;

const set = (key: string, value: string | null = key): WriteOp[] => [
  { key, value },
];

async function open(dataDir: string, after = 0): Promise<WriteAheadLog> {
  const { log } = await WriteAheadLog.open(dataDir, after);
  return log;
}

/** The writes that a process finds in the log when it opens it after a crash. */
async function found(dataDir: string, after = 0): Promise<WriteOp[]> {
  const { log, records } = await WriteAheadLog.open(dataDir, after);
  await log.close();
  return records.flatMap(({ ops }) => ops);
}

/** A log with so many records of one write each. */
async function logOf(records: number): Promise<string> {
  const dataDir = temporaryDir();
  const log = await open(dataDir);
  for (let n = 0; n < records; n += 1) await log.append(set(`key ${n}`));
  await log.close();
  return dataDir;
}

test("appended writes are found, in order, with every kind of text", async () => {
  const dataDir = temporaryDir();
  const log = await open(dataDir);
  const writes = [
    set("\x00\x7f\x80\xff", "ü€😀"),
    set("empty", ""),
    set("gone", null),
    [],
    [...set("long", "x".repeat(3 * BLOCK_BYTES)), ...set("short")],
  ];
  await Promise.all(writes.map((ops) => log.append(ops)));
  await log.close();
  expect(await found(dataDir)).toEqual(writes.flat());
});

test("writes of one event turn share a record, and its outcome", async () => {
  const log = await open(temporaryDir());
  const [first, second] = [log.append(set("a")), log.append(set("b"))];
  expect(second).toBe(first);
  await first;
  expect(log.append(set("c"))).not.toBe(first);
  expect(log.cut()).toBe(2);
  await log.close();
});

test("records that LMDB has are not given to it again", async () => {
  const dataDir = temporaryDir();
  const log = await open(dataDir);
  await log.append(set("a"));
  const last = log.cut();
  await log.append(set("b"));
  await log.close();
  expect(await found(dataDir, last)).toEqual(set("b"));
});

test("a reused file hides its earlier records", async () => {
  const dataDir = temporaryDir();
  const log = await open(dataDir);
  for (const key of ["a", "b", "c"]) await log.append(set(key));
  log.cut();
  await log.append(set("d"));
  const last = log.cut();
  await log.append(set("e"));
  await log.close();
  expect(await found(dataDir, last)).toEqual(set("e"));
});

test("a random history is recovered after each of its steps", async () => {
  const random = new Random(11);
  const dataDir = temporaryDir();
  let log = await open(dataDir);
  let [inLmdb, cutAt] = [0, 0];
  let kept: WriteOp[] = [];
  let sinceCut: WriteOp[] = [];
  for (let step = 0; step < 300; step += 1) {
    const ops = set(`key ${step}`, "v".repeat(random.below(9_000)));
    const appended = log.append(ops);
    sinceCut.push(...ops);
    if (random.chance(0.6)) await appended;
    if (random.chance(0.1)) {
      // LMDB has the records before the last cut, and is given those since.
      [inLmdb, cutAt] = [cutAt, log.cut()];
      [kept, sinceCut] = [sinceCut, []];
    }
    if (random.chance(0.1)) {
      await log.close();
      const { log: next, records } = await WriteAheadLog.open(dataDir, inLmdb);
      const expected = [...kept, ...sinceCut];
      expect(records.flatMap((record) => record.ops)).toEqual(expected);
      inLmdb = cutAt = records.at(-1)?.number ?? inLmdb;
      log = next;
      [kept, sinceCut] = [[], []];
    }
  }
  await log.close();
});

const RECORDS = 6;

test("a last record that a power failure tore is left out, and no other", async () => {
  const dataDir = await logOf(RECORDS);
  const file = join(dataDir, "log.0");
  const whole = readFileSync(file);
  expect(whole).toHaveLength(RECORDS * BLOCK_BYTES);
  for (let size = 0; size < whole.length; size += 173) {
    writeFileSync(file, whole.subarray(0, size));
    const ops = await found(dataDir);
    // The padding after a record in its last block may be lost without harm.
    const records = Math.floor(
      (size + BLOCK_BYTES - RECORD_BYTES) / BLOCK_BYTES,
    );
    expect(ops).toEqual(
      Array.from({ length: records }, (_, n) => set(`key ${n}`)[0]),
    );
  }
});

test("a record that was changed is left out", async () => {
  const dataDir = await logOf(RECORDS);
  const file = join(dataDir, "log.0");
  const whole = readFileSync(file);
  for (let at = 0; at < RECORD_BYTES; at += 1) {
    const changed = Buffer.from(whole);
    const inLast = (RECORDS - 1) * BLOCK_BYTES + at;
    changed[inLast] = changed[inLast]! ^ 0x10;
    writeFileSync(file, changed);
    expect(await found(dataDir)).toHaveLength(RECORDS - 1);
  }
});

test.each([
  ["in the other file", true],
  ["in the same file", false],
])(
  "records that go on %s after a damaged one are refused, not skipped",
  async (_, isCut) => {
    const dataDir = temporaryDir();
    const log = await open(dataDir);
    for (const key of ["a", "b", "c"]) await log.append(set(key));
    if (isCut) log.cut();
    await log.append(set("d"));
    await log.close();
    const first = join(dataDir, "log.0");
    const damaged = readFileSync(first);
    damaged.fill(0, 2 * BLOCK_BYTES, 2 * BLOCK_BYTES + HEADER_BYTES);
    writeFileSync(first, damaged);
    await expect(found(dataDir)).rejects.toMatchObject({
      code: "storageFailed",
      message: expect.stringMatching(
        /goes on with record 4, but record 3 is missing or damaged/,
      ) as string,
    });
  },
);
