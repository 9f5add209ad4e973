import type { Page } from "./page.js";

const FIRST_MS = 10_000;
const SHORTEST_MS = 5_000;
const LONGEST_MS = 86_400_000;

/** How long to wait after failures of one kind of call. */
export interface Backoff {
  /** Below 0 where it is over. */
  leftMs(): number;
  /**
   * After a failure: what the app's function asked for, if it did, else twice as long each time, up to
   * the longest, and not all browsers the same. Returns how long.
   */
  wait(longestMs: number, askedMs: number | undefined): number;
  /** After a success. */
  reset(): void;
}

export function createBackoff(page: Page): Backoff {
  let failures = 0;
  /** By the time since the page was loaded: a clock that is set back must not make it longer. */
  let until = 0;
  const now = () => page.performance.now();

  return {
    leftMs: () => until - now(),
    wait(longestMs, askedMs) {
      const ceiling = Math.min(FIRST_MS * 2 ** failures++, longestMs);
      // What an app's function answers may be anything.
      const ms =
        askedMs! > 0
          ? Math.max(askedMs!, SHORTEST_MS)
          : ceiling * (0.5 + page.Math.random() / 2);
      const capped = Math.min(ms, LONGEST_MS);
      until = now() + capped;
      return capped;
    },
    reset: () => void (failures = 0),
  };
}
