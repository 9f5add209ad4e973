import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { EmbeddedError } from "../../src/errors.js";
import { openStore } from "../../src/storage/lmdbStore.js";
import type { Store } from "../../src/storage/store.js";
import { temporaryDir } from "../support/database.js";

const FILES = ["data.lmdb", "log.0", "log.1", "state"];

test("copies made while writes go on, file by file in every order, are refused", async () => {
  const dataDir = temporaryDir();
  const store = await openStore({ dataDir });
  const writer = new Writer();
  for (let batch = 0; batch < 2 * BLOCKS; batch += 1) await writer.write(store);
  const outcomes = await whileWriting(store, writer, () =>
    Promise.all(
      ordersOf(FILES).map(async (order) =>
        outcomeOf(await copied(dataDir, order, writer)),
      ),
    ),
  );
  await store.close();
  expect(new Set(outcomes)).toEqual(new Set(["refused"]));
  expect(await outcomeOf(await copied(dataDir, FILES, writer))).toBe("whole");
}, 120_000);

test("copies made while a directory is opened, written to and closed are refused or whole", async () => {
  const dataDir = temporaryDir();
  const writer = new Writer();
  let isOver = false;
  const using = (async () => {
    while (!isOver) {
      const store = await openStore({ dataDir });
      for (let n = 0; n < BLOCKS; n += 1) await writer.write(store);
      await store.close();
      await wait(300);
    }
  })();
  while (writer.acknowledged < 2 * BLOCKS) await wait(50);
  // Where all else was copied while the directory was closed, nothing shows that the data file was in use soon after.
  const orders = ordersOf(FILES).filter((order) => order[3] !== "data.lmdb");
  const outcomes: Outcome[] = [];
  for (let n = 0; n < 12; n += 1) {
    const order = orders[(n * 5) % orders.length] ?? [];
    outcomes.push(await outcomeOf(await copied(dataDir, order, writer)));
    await wait(n * 10);
  }
  isOver = true;
  await using;
  expect(outcomes.filter((outcome) => !EXPECTED.includes(outcome))).toEqual([]);
}, 120_000);

test("a directory whose process was killed opens where it is, and where it was moved to", async () => {
  const dataDir = join(temporaryDir(), "data");
  await killedWriter(dataDir);
  const moved = join(temporaryDir(), "moved");
  renameSync(dataDir, moved);
  await (await openStore({ dataDir: moved })).close();
});

test("a copy of a directory whose process was killed is refused, and says how to open it", async () => {
  const dataDir = join(temporaryDir(), "data");
  await killedWriter(dataDir);
  const copy = join(temporaryDir(), "copy");
  mkdirSync(copy);
  for (const name of FILES) copyFileSync(join(dataDir, name), join(copy, name));
  const opening = openStore({ dataDir: copy });
  await expect(opening).rejects.toMatchObject({ code: "storageFailed" });
  await expect(opening).rejects.toThrow(
    /looks like a copy.*empty the file .*\/state:/,
  );
  writeFileSync(join(copy, "state"), "");
  await (await openStore({ dataDir: copy })).close();
  await (await openStore({ dataDir: copy })).close();
});

test.each([
  ["is missing", (path: string) => rmSync(path)],
  ["is damaged", (path: string) => writeFileSync(path, '{"closed')],
  [
    "is of another time",
    (path: string) => writeFileSync(path, '{"closedAt":1}'),
  ],
])("a directory whose state %s is refused as a copy", async (_, spoil) => {
  const dataDir = temporaryDir();
  const writer = new Writer();
  for (let n = 0; n < 3; n += 1) {
    const store = await openStore({ dataDir });
    await writer.write(store);
    await store.close();
  }
  spoil(join(dataDir, "state"));
  await expect(openStore({ dataDir })).rejects.toThrow("looks like a copy");
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Batches after which every key was written anew. */
const BLOCKS = 50;
const KEYS_A_BLOCK = 40;
const PADDING = "x".repeat(4_000);

/** Writes batch after batch, each of which sets one block of keys to its number. */
class Writer {
  acknowledged = -1;
  #next = 0;

  async write(store: Store): Promise<void> {
    const batch = this.#next;
    this.#next += 1;
    const block = batch % BLOCKS;
    const ops = Array.from({ length: KEYS_A_BLOCK }, (_, key) => ({
      key: `${block}/${key}`,
      value: `${batch}:${PADDING}`,
    }));
    await store.write([...ops, { key: "last", value: `${batch}` }]).durable;
    this.acknowledged = batch;
  }
}

async function whileWriting<Result>(
  store: Store,
  writer: Writer,
  work: () => Promise<Result>,
): Promise<Result> {
  let isOver = false;
  const writing = (async () => {
    while (!isOver) await writer.write(store);
  })();
  try {
    return await work();
  } finally {
    isOver = true;
    await writing;
  }
}

interface Copy {
  dataDir: string;
  /** The last batch that was acknowledged before the copy began. */
  acknowledged: number;
}

async function copied(
  dataDir: string,
  order: readonly string[],
  { acknowledged }: Writer,
): Promise<Copy> {
  const copy = join(temporaryDir(), "copy");
  mkdirSync(copy);
  for (const name of order) await copySlowly(dataDir, copy, name);
  return { dataDir: copy, acknowledged };
}

/** Copies as over a slow network, so that writes go on meanwhile. */
async function copySlowly(from: string, to: string, name: string) {
  const source = createReadStream(join(from, name), {
    highWaterMark: 1_024 * 1_024,
  });
  const target = createWriteStream(join(to, name));
  try {
    for await (const chunk of source) {
      target.write(chunk);
      await wait(30);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  target.end();
  await once(target, "close");
}

/** `refused`, `whole`, or what is wrong with what it opens to. */
type Outcome = string;

const EXPECTED = ["refused", "whole"];

/** A directory that was written to by a process that was then killed. */
async function killedWriter(dataDir: string): Promise<void> {
  const script = fileURLToPath(new URL("crashingWriter.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script, dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
}

async function outcomeOf({ dataDir, acknowledged }: Copy): Promise<Outcome> {
  let store: Store;
  try {
    store = await openStore({ dataDir });
  } catch (error) {
    const isRefusal =
      error instanceof EmbeddedError && /copy|older one/.test(error.message);
    return isRefusal ? "refused" : String(error);
  }
  try {
    return whatIsWrong(store, acknowledged) ?? "whole";
  } catch (error) {
    return String(error);
  } finally {
    await store.close();
  }
}

function whatIsWrong(store: Store, acknowledged: number): string | null {
  const snapshot = store.snapshot();
  const last = Number(snapshot.get("last"));
  if (!(last >= acknowledged))
    return `ends at ${last}, ${acknowledged} was acknowledged`;
  for (let block = 0; block < BLOCKS; block += 1) {
    const batch = last - ((((last - block) % BLOCKS) + BLOCKS) % BLOCKS);
    for (let key = 0; key < KEYS_A_BLOCK; key += 1) {
      const value = snapshot.get(`${block}/${key}`);
      if (value !== `${batch}:${PADDING}`) {
        return `ends at ${last}, but ${block}/${key} is of ${value?.slice(0, 8)}`;
      }
    }
  }
  return null;
}

function ordersOf(names: readonly string[]): string[][] {
  if (names.length === 0) return [[]];
  return names.flatMap((name) =>
    ordersOf(names.filter((other) => other !== name)).map((rest) => [
      name,
      ...rest,
    ]),
  );
}
