import type { Page } from "./page.js";

const FIRST_MS = 10_000;
const SHORTEST_MS = 5_000;
const LONGEST_MS = 86_400_000;

/**
 * How long to wait after so many failures in a row: what the app's function asked for, if it did, else
 * twice as long each time, up to the longest, and not all browsers the same.
 */
export function backoffMs(
  page: Page,
  failures: number,
  longestMs: number,
  askedMs: number | undefined,
): number {
  const ceiling = Math.min(FIRST_MS * 2 ** failures, longestMs);
  // What an app's function answers may be anything.
  const wait =
    askedMs! > 0
      ? Math.max(askedMs!, SHORTEST_MS)
      : ceiling * (0.5 + page.Math.random() / 2);
  return Math.min(wait, LONGEST_MS);
}
