import type { Writes } from "./sortedWrites.js";
import type { Entry, KeyRange } from "./store.js";

/**
 * `base` with the pending writes of `newer` on top: a value replaces, `null`
 * hides. Both sides are read one entry at a time.
 */
export function* overlay(
  newer: Writes,
  base: Iterable<Entry>,
  range: KeyRange,
): Iterable<Entry> {
  const ahead = range.reverse === true ? isGreater : isLess;
  const pending = newer.range(range);
  const committed = base[Symbol.iterator]();
  let above = pending.next();
  try {
    let below = committed.next();
    while (!above.done || !below.done) {
      if (
        !below.done &&
        (above.done || ahead(below.value.key, above.value.key))
      ) {
        yield below.value;
        below = committed.next();
        continue;
      }
      if (above.done) {
        return;
      }
      const { key, value } = above.value;
      if (!below.done && below.value.key === key) {
        below = committed.next();
      }
      above = pending.next();
      if (value !== null) {
        yield { key, value };
      }
    }
  } finally {
    // An LMDB cursor stays open until its iterator is told to stop.
    committed.return?.();
  }
}

function isLess(a: string, b: string): boolean {
  return a < b;
}

function isGreater(a: string, b: string): boolean {
  return a > b;
}
