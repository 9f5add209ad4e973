import type { Page } from "./page.js";
import type { Store } from "./store.js";

/**
 * When the browser's tabs last sent a heartbeat and when the next is due, as they share it: both in
 * one string, so that no tab reads the one without the other.
 */
export interface Rhythm {
  /** `last` is 0 where there was none, or where the clock was set back since. */
  read(intervalMs: number): { last: number; dueAt: number };
  /** Written before a heartbeat is sent, so that no other tab sends one too. */
  claim(dueInMs: number): void;
}

const MIN_GAP_MS = 5_000;
const JITTER = 0.1;

export function createRhythm(
  { Date }: Page,
  store: Store,
  key: string,
): Rhythm {
  return {
    read(intervalMs) {
      const [last = NaN, next = NaN] = `${store.get(key)}`
        .split(" ")
        .map(Number);
      // Tabs may read the clock a moment apart, and browsers that guard it blur it for each.
      if (!(last <= Date.now() + MIN_GAP_MS)) return { last: 0, dueAt: 0 };
      // A tab with a smaller interval does not wait for what another had in mind.
      const dueAt = Math.min(next, last + intervalMs * (1 + JITTER));
      return { last, dueAt: Math.max(dueAt, last + MIN_GAP_MS) };
    },
    claim: (dueInMs) => store.set(key, `${Date.now()} ${Date.now() + dueInMs}`),
  };
}

/** The interval, up to a tenth earlier or later, so that browsers do not beat together. */
export function jittered(intervalMs: number, page: Page): number {
  return intervalMs * (1 + JITTER * (2 * page.Math.random() - 1));
}
