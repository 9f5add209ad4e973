import type { EmbeddedError } from "../../src/errors.js";
import { openStore } from "../../src/storage/lmdbStore.js";

/**
 * A process for the crash test to kill: writes numbered batches without end,
 * several at a time, and prints a batch's number once it is durable. Where the disk
 * refuses a write it prints the error's code and goes on trying to close the store.
 */
const BATCH = 200;
const [dataDir = ""] = process.argv.slice(2);
const store = await openStore({ dataDir });

let next = 0;

async function writeForever(): Promise<never> {
  for (;;) {
    const batch = next;
    next += 1;
    const { durable } = store.write(
      Array.from({ length: BATCH }, (_, i) => ({
        key: `${String(batch).padStart(8, "0")}/${i}`,
        value: "x".repeat(300),
      })),
    );
    await durable;
    process.stdout.write(`${batch}\n`);
  }
}

try {
  await Promise.all(Array.from({ length: 4 }, writeForever));
} catch (error) {
  process.stdout.write(`${(error as EmbeddedError).code}\n`);
  await store.close();
}
