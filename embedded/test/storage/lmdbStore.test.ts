import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { EmbeddedError } from "../../src/errors.js";
import { DataFile } from "../../src/storage/dataFile.js";
import { openStore } from "../../src/storage/lmdbStore.js";
import {
  MAX_KEY_BYTES,
  prefixEnd,
  STORE_OWN,
  type Snapshot,
  type Store,
} from "../../src/storage/store.js";
import { temporaryDir } from "../support/database.js";
import {
  compareWithModel,
  expectSame,
  snapshotOf,
  type Model,
} from "./storeModel.js";

async function open(dataDir = temporaryDir()): Promise<Store> {
  const store = await openStore({ dataDir });
  onTestFinished(() => store.close());
  return store;
}

const MIB = 1_024 * 1_024;

/** Keeps LMDB from taking a write, as a slow disk does. */
async function holdLmdb(dataDir: string): Promise<() => void> {
  const { lmdb } = new DataFile(dataDir);
  const letGo = await new Promise<() => void>((held) => {
    void lmdb.transaction(() => new Promise<void>(held));
  });
  onTestFinished(() => {
    letGo();
    return lmdb.close();
  });
  return letGo;
}

/** Size of both files of the log on disk. */
function logBytes(dataDir: string): number {
  const sizes = [0, 1].map((n) => statSync(join(dataDir, `log.${n}`)).size);
  return sizes.reduce((sum, size) => sum + size);
}

const get = (store: Store, key: string) =>
  snapshotOf(store, (snapshot) => snapshot.get(key));

test("a write is visible to the next snapshot before it is durable", async () => {
  const store = await open();
  const { durable } = store.write([{ key: "a", value: "1" }]);
  expect(get(store, "a")).toBe("1");
  await durable;
  expect(get(store, "a")).toBe("1");
});

test("a snapshot does not show later writes", async () => {
  const store = await open();
  await store.write([{ key: "a", value: "1" }]).durable;
  const snapshot = store.snapshot();
  store.write([
    { key: "a", value: "2" },
    { key: "b", value: "3" },
  ]);
  await store.write([{ key: "a", value: null }]).durable;
  await store.write([{ key: "c", value: "4" }]).durable;
  expect(snapshot.get("a")).toBe("1");
  expect([...snapshot.range({ lower: "a", upper: "z" })]).toEqual([
    { key: "a", value: "1" },
  ]);
  snapshot.release();
  expect(get(store, "a")).toBeUndefined();
  expect(get(store, "b")).toBe("3");
});

test("a released snapshot refuses to be read", async () => {
  const store = await open();
  const snapshot = store.snapshot();
  snapshot.release();
  expect(() => snapshot.get("a")).toThrow("after its release");
});

test("reads equal a model, also while writes are on their way to disk", async () => {
  const dataDir = temporaryDir();
  const store = await openStore({ dataDir });
  const model = await compareWithModel(store);
  await store.close();
  expectSame(await open(dataDir), model);
});

test("large commits equal a model beside small ones, on their way to disk and after a crash", async () => {
  const dataDir = temporaryDir();
  const store = await openStore({ dataDir });
  const letGo = await holdLmdb(dataDir);
  const model: Model = new Map();
  const pinned: { snapshot: Snapshot; model: Model }[] = [];
  const write = (count: number, step: number, round: number) => {
    const ops = Array.from({ length: count }, (_, n) => ({
      key: `k${String(n * step + (round % step)).padStart(6, "0")}`,
      value: (n + round) % 3 === 0 ? null : `${round} ${"ü".repeat(20)}`,
    }));
    for (const { key, value } of ops) {
      if (value === null) model.delete(key);
      else model.set(key, value);
    }
    return store.write(ops).durable;
  };
  const durable: Promise<void>[] = [];
  for (let round = 0; round < 12; round += 1) {
    if (round === 6) letGo();
    durable.push(write(round === 4 ? 9_000 : 1_500, 1 + (round % 3), round));
    if (round % 2 === 0) durable.push(write(7, 300, round));
    const key = `k${String(round * 100).padStart(6, "0")}`;
    expect(get(store, key)).toBe(model.get(key));
    const range = { lower: "k0007", upper: "k0011", reverse: round % 2 === 1 };
    expectSame(store, model, range);
    pinned.push({ snapshot: store.snapshot(), model: new Map(model) });
    if (round === 8) await Promise.all(durable);
  }
  expectSame(store, model);
  for (const { snapshot, model: then } of pinned) {
    const range = { lower: "", upper: STORE_OWN };
    const entries = [...snapshot.range(range)];
    expect(new Map(entries.map(({ key, value }) => [key, value]))).toEqual(
      then,
    );
    snapshot.release();
  }
  await Promise.all(durable);
  await store.abandon();
  expectSame(await open(dataDir), model);
});

test("a range that is not read to its end leaves the snapshot usable", async () => {
  const store = await open();
  await store.write(
    Array.from({ length: 100 }, (_, i) => ({ key: `k${i}`, value: "v" })),
  ).durable;
  const snapshot = store.snapshot();
  for (let i = 0; i < 50; i += 1) {
    for (const entry of snapshot.range({ lower: "k", upper: "l" })) {
      expect(entry.key).toBe("k0");
      break;
    }
  }
  expect([...snapshot.range({ lower: "k", upper: "l" })]).toHaveLength(100);
  snapshot.release();
});

test("keys of the greatest length and empty values can be read back", async () => {
  const store = await open();
  const key = "\xfe".repeat(MAX_KEY_BYTES);
  await store.write([{ key, value: "" }]).durable;
  expect(get(store, key)).toBe("");
});

test("once 4 MiB have gathered, a write waits for LMDB and not just for the log", async () => {
  const dataDir = temporaryDir();
  const store = await open(dataDir);
  const letGo = await holdLmdb(dataDir);
  const done: string[] = [];
  const write = async (name: string, characters: number): Promise<void> => {
    const ops = [{ key: name, value: "x".repeat(characters) }];
    await store.write(ops).durable;
    done.push(name);
  };

  // LMDB is given this at once; later writes gather meanwhile.
  await write("first", MIB);
  await write("gathered", 3 * MIB);
  const beyond = write("beyond", MIB);
  await expect.poll(() => logBytes(dataDir)).toBeGreaterThan(5 * MIB);
  expect(done).toEqual(["first", "gathered"]);
  letGo();
  await beyond;
});

test("a write with a key that is too long is refused whole", async () => {
  const dataDir = temporaryDir();
  const store = await open(dataDir);
  const tooLong = "k".repeat(MAX_KEY_BYTES + 1);
  expect(() =>
    store.write([
      { key: "a", value: "1" },
      { key: tooLong, value: "2" },
    ]),
  ).toThrow(`${MAX_KEY_BYTES + 1} bytes`);
  expect(get(store, "a")).toBeUndefined();
  await store.close();
  expect(get(await open(dataDir), "a")).toBeUndefined();
});

test("close waits until all writes are on disk", async () => {
  const dataDir = temporaryDir();
  const store = await openStore({ dataDir });
  store.write([{ key: "a", value: "1" }]);
  await store.close();
  expect(get(await open(dataDir), "a")).toBe("1");
  expect(() => store.write([])).toThrow("closed");
});

test("a second open of a directory is refused with its owner's process", async () => {
  const dataDir = temporaryDir();
  const store = await openStore({ dataDir });
  await expect(openStore({ dataDir })).rejects.toThrow(
    expect.objectContaining({
      code: "dataDirInUse",
      message: expect.stringContaining(`process ${process.pid}`) as string,
    }) as EmbeddedError,
  );
  await store.close();
  await (await openStore({ dataDir })).close();
});

test.each([
  ["a process that is gone", "4194305"],
  ["this process before a restart with the same pid", String(process.pid)],
  ["nobody", "garbage"],
])("takes over the lock of %s", async (_, content) => {
  const dataDir = temporaryDir();
  writeFileSync(join(dataDir, "owner-1.pid"), content);
  await (await openStore({ dataDir })).close();
});

test("the end of a prefix skips bytes that cannot be incremented", () => {
  expect(prefixEnd("ab")).toBe("ac");
  expect(prefixEnd("a\xff\xff")).toBe("b");
  expect(() => prefixEnd("\xff")).toThrow(RangeError);
});

test("a store that is abandoned keeps what was durable, fails what was not, and may be opened again", async () => {
  const dataDir = temporaryDir();
  const store = await openStore({ dataDir, fsync: false });
  await store.write([{ key: "kept", value: "1" }]).durable;
  const reader = store.snapshot();
  const { durable } = store.write([{ key: "lost", value: "1" }]);
  const abandoned = store.abandon();
  await expect(durable).rejects.toMatchObject({ code: "storageClosed" });
  expect(() => store.write([{ key: "late", value: "1" }])).toThrow("closed");
  // What was under way may read on, and is waited for.
  expect(reader.get("kept")).toBe("1");
  reader.release();
  await abandoned;
  const again = await open(dataDir);
  expect(get(again, "kept")).toBe("1");
  expect(get(again, "lost")).toBeUndefined();
});
