import type { Entry, Key, KeyRange, Snapshot } from "../../storage/store.js";

/** About as many values as one transaction may read by their keys. */
const MAX_REMEMBERED = 4_096;

/**
 * A snapshot that remembers the values it was asked for. What a mutation reads it most likely changes
 * next, and every change reads what was there before.
 */
export class RememberingSnapshot implements Snapshot {
  readonly #snapshot: Snapshot;
  readonly #values = new Map<Key, string>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  get(key: Key): string | undefined {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = this.#snapshot.get(key);
    if (value !== undefined && this.#values.size < MAX_REMEMBERED) {
      this.#values.set(key, value);
    }
    return value;
  }

  range(range: KeyRange): Iterable<Entry> {
    return this.#snapshot.range(range);
  }

  release(): void {
    this.#values.clear();
    this.#snapshot.release();
  }
}
