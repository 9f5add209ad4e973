import { differences } from "./differences.js";

/** Before a run: what is expected to fail on the engine, and why. */
export default function printDifferences(): void {
  for (const { file, tests, reason } of differences) {
    console.log(`${file}: ${tests.length} expected to differ. ${reason}`);
  }
}
