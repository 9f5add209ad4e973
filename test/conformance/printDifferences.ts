import { differences, excludedSuites } from "./differences.js";

/** Before a run: what is expected to fail on the engine or not run, and why. */
export default function printDifferences(): void {
  for (const { file, tests, reason } of differences) {
    console.log(`${file}: ${tests.length} expected to differ. ${reason}`);
  }
  for (const { file, reason } of excludedSuites) {
    console.log(`${file}: not run. ${reason}`);
  }
}
