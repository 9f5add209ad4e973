/**
 * A process of several: at the same moment as the others, it claims one directory after the other.
 * `ownerClaims.ts ROOT ROUNDS hold` keeps what it has until the end; `churn` claims ROOT itself again
 * and again, marks the time in which it owns it, and gives it up or ends without that.
 */
import { rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { lockDataDir } from "../../src/storage/directory/ownerLock.js";

const [root = "", rounds = "0", mode = "hold"] = process.argv.slice(2);
writeSync(1, "ready\n");
const startMs = await new Promise<number>((resolve) => {
  process.stdin.once("data", (text) => resolve(Number(text)));
});
for (let round = 0; round < Number(rounds); round += 1) {
  if (mode === "hold") {
    const atMs = startMs + 20 * round;
    await setTimeout(Math.max(0, atMs - Date.now() - 2));
    while (Date.now() < atMs) {
      // Sleeping to the end would wake the others at other moments.
    }
  }
  const dataDir = mode === "hold" ? join(root, String(round)) : root;
  try {
    const unlock = await lockDataDir(dataDir);
    writeSync(1, `${round}\n`);
    if (mode === "churn") {
      // Fails where another process is the owner as well.
      const mark = join(root, "mark");
      writeFileSync(mark, String(process.pid), { flag: "wx" });
      rmSync(mark);
      await unlock();
    }
  } catch (error) {
    if (!String(error).includes("in use")) throw error;
  }
}
writeSync(1, "done\n");
// Until then, no other process finds this one dead.
process.stdin.once("end", () => process.exit());
process.stdin.resume();
