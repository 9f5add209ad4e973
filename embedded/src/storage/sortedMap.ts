import { createRequire } from "node:module";
import type sortedBTree from "sorted-btree";
import type { Key, KeyRange } from "./store.js";

// sorted-btree is CommonJS with a default export, which Node and bundlers import in two ways, but
// require in one.
const { default: BTree } = createRequire(import.meta.url)(
  "sorted-btree",
) as typeof sortedBTree;

/** A value with its key, as a range yields it. */
export interface MapEntry<V> {
  readonly key: Key;
  readonly value: V;
}

/**
 * Keys in order. `fork()` costs nothing, which is what makes snapshots of pending writes, streams
 * that do not see later writes, and rollbacks of nested layers cheap.
 */
export class SortedMap<V> {
  // No parameter of the constructor: declarations would name its type, and only some compilers find that.
  #tree = new BTree<Key, V>(undefined, compareKeys);

  get size(): number {
    return this.#tree.size;
  }

  get(key: Key): V | undefined {
    return this.#tree.get(key);
  }

  set(key: Key, value: V): void {
    this.#tree.set(key, value);
  }

  delete(key: Key): void {
    this.#tree.delete(key);
  }

  /** A map with the same entries; later writes to one are not seen by the other. */
  fork(): SortedMap<V> {
    const fork = new SortedMap<V>();
    fork.#tree = this.#tree.clone();
    return fork;
  }

  /** Whether there is an entry in the range. */
  hasAny({ lower, upper }: KeyRange): boolean {
    const first = this.#tree.getPairOrNextHigher(lower);
    return first !== undefined && first[0] < upper;
  }

  forEach(visit: (key: Key, value: V) => void): void {
    this.#tree.forEachPair(visit);
  }

  /** Entries in range; the map must not change meanwhile (iterate a fork where it may). */
  *range({
    lower,
    upper,
    reverse = false,
  }: KeyRange): IterableIterator<MapEntry<V>> {
    const pairs = reverse
      ? this.#tree.entriesReversed(upper, undefined, true)
      : this.#tree.entries(lower);
    for (const [key, value] of pairs) {
      if (reverse ? key < lower : key >= upper) return;
      yield { key, value };
    }
  }
}

function compareKeys(a: Key, b: Key): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
