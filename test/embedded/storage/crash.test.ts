import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openStore } from "../../../embedded/storage/lmdbStore.js";
import { temporaryDir } from "../support/database.js";

const BATCH = 200;
const writer = fileURLToPath(new URL("crashingWriter.ts", import.meta.url));

/** Runs the writer until it has acknowledged so many batches, kills it, returns what it acknowledged. */
async function killAfter(dataDir: string, batches: number): Promise<number[]> {
  const child = spawn(process.execPath, ["--import", "tsx", writer, dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === batches) {
      child.kill("SIGKILL");
    }
  }
  await exited;
  return acknowledged;
}

test.each([1, 40])(
  "kill -9 after %i acknowledged batches loses none and tears none",
  async (batches) => {
    const dataDir = temporaryDir();
    const acknowledged = await killAfter(dataDir, batches);
    expect(acknowledged.length).toBeGreaterThanOrEqual(batches);

    const store = openStore({ dataDir });
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
  },
);
