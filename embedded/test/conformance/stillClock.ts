import type { Plugin } from "vite";

const LATER =
  "Math.max(frameworkNow(), Number((this._lastCommitTs + 999999n) / 1000000n))";

/**
 * Has transactions of `convex-test` begin at the test's clock. It begins each no earlier than the commits
 * before it, which are a nanosecond apart where the clock stands still: rounded up, all after the second
 * would be a millisecond later than the time that a test has set and expects in rows.
 */
export const stillClock: Plugin = {
  name: "still clock",
  transform(code, id) {
    if (!id.includes("/node_modules/convex-test/dist/index.js")) return;
    if (!code.includes(LATER)) {
      throw new Error(
        `convex-test does not reckon the time of a transaction as ${LATER} any more: see whether tests still need ${import.meta.filename}.`,
      );
    }
    return code.replace(LATER, "frameworkNow()");
  },
};
