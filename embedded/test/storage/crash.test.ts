import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openStore } from "../../src/storage/lmdbStore.js";
import { temporaryDir } from "../support/database.js";

const BATCH = 200;
const writer = fileURLToPath(new URL("crashingWriter.ts", import.meta.url));

test.each([1, 40, 400])(
  "kill -9 after %i acknowledged batches loses none and tears none",
  async (batches) => {
    const dataDir = temporaryDir();
    const lines = await printed(dataDir, { killedAfter: batches });
    expect(lines.length).toBeGreaterThanOrEqual(batches);
    await expectAll(dataDir, lines.map(Number));
  },
);

// Batches of a kibibyte each. The files of the log stay under 6 MiB, where the data file goes on
// growing.
test.each([
  ["log", 1_000],
  ["data file", 8_000],
])(
  "a disk that refuses to let the %s grow ends the writing, and loses nothing acknowledged",
  async (_, blocks) => {
    const dataDir = temporaryDir();
    const lines = await printed(dataDir, { blocks });
    // Another writer's batch may be durable after the first one has failed.
    const acknowledged = lines.filter((line) => line !== "storageFailed");
    expect(lines).toHaveLength(acknowledged.length + 1);
    expect(acknowledged).not.toHaveLength(0);
    await expectAll(dataDir, acknowledged.map(Number));
  },
);

/** Runs the writer until it is killed or no longer can write, and returns its lines. */
async function printed(
  dataDir: string,
  { killedAfter = Infinity, blocks }: { killedAfter?: number; blocks?: number },
): Promise<string[]> {
  const child = spawn(
    "bash",
    [
      "-c",
      `ulimit -f ${blocks ?? "unlimited"}; exec "$@"`,
      "bash",
      process.execPath,
      "--import",
      "tsx",
      writer,
      dataDir,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const exited = once(child, "exit");
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === killedAfter) child.kill("SIGKILL");
  }
  await exited;
  return lines;
}

/** Checks that the directory opens with every acknowledged batch, and that no batch is torn. */
async function expectAll(
  dataDir: string,
  acknowledged: readonly number[],
): Promise<void> {
  const store = await openStore({ dataDir });
  const snapshot = store.snapshot();
  const found = new Map<number, number>();
  for (const { key } of snapshot.range({ lower: "0", upper: ":" })) {
    const batch = Number(key.split("/")[0]);
    found.set(batch, (found.get(batch) ?? 0) + 1);
  }
  snapshot.release();
  await store.close();
  expect(acknowledged.filter((batch) => !found.has(batch))).toEqual([]);
  expect(new Set(found.values())).toEqual(new Set([BATCH]));
}
