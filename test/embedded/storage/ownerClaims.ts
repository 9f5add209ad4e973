/** A process of several: at the same moment as the others, it claims one directory after the other. */
import { writeSync } from "node:fs";
import { join } from "node:path";
import { lockDataDir } from "../../../embedded/storage/ownerLock.js";

const [root = "", rounds = "0"] = process.argv.slice(2);
writeSync(1, "ready\n");
const startMs = await new Promise<number>((resolve) => {
  process.stdin.once("data", (text) => resolve(Number(text)));
});
for (let round = 0; round < Number(rounds); round += 1) {
  while (Date.now() < startMs + 3 * round) {
    // Sleeping would wake the others at other moments.
  }
  try {
    lockDataDir(join(root, String(round)));
    writeSync(1, `${round}\n`);
  } catch (error) {
    if (!String(error).includes("in use")) throw error;
  }
}
writeSync(1, "done\n");
// Until then, no other finds it dead.
process.stdin.once("end", () => process.exit());
process.stdin.resume();
