/** A process that owns a directory until it is killed: prints `owns`, or why it does not. */
import { writeSync } from "node:fs";
import { openStore } from "../../src/storage/lmdbStore.js";

const [dataDir = ""] = process.argv.slice(2);
try {
  await openStore({ dataDir });
  writeSync(1, "owns\n");
} catch (error) {
  writeSync(1, `${String(error)}\n`);
  process.exit();
}
process.stdin.once("end", () => process.exit());
process.stdin.resume();
