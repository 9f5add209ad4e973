import { openStore } from "../../../embedded/storage/lmdbStore.js";

/**
 * A process for the crash test to kill: writes numbered batches without end,
 * several at a time, and prints a batch's number once it is durable.
 */
const BATCH = 200;
const [dataDir = ""] = process.argv.slice(2);
const store = openStore({ dataDir });

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

await Promise.all(Array.from({ length: 4 }, writeForever));
