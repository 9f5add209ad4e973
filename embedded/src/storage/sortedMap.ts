import type { Key, KeyRange } from "./store.js";

const MAX_CHUNK = 64;

interface Chunk<V> {
  /** The only map that may change this chunk in place; the others copy it first. */
  owner: object;
  keys: Key[];
  values: V[];
}

/** A value under its key, as a range hands it out. */
export interface MapEntry<V> {
  readonly key: Key;
  readonly value: V;
}

/**
 * Keys in order, in chunks that forks share until one of them writes. `fork()`
 * costs nothing, which is what makes snapshots of pending writes, streams that
 * do not see later writes, and rollbacks of nested layers cheap.
 */
export class SortedMap<V> {
  #chunks: Chunk<V>[] = [];
  #owner: object = {};
  #sharesChunkList = false;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Key): V | undefined {
    const chunk = this.#chunks[this.#chunkIndexOf(key)];
    if (chunk === undefined) {
      return undefined;
    }
    const at = lowerBound(chunk.keys, key);
    return chunk.keys[at] === key ? chunk.values[at] : undefined;
  }

  set(key: Key, value: V): void {
    const chunkIndex = this.#chunkIndexOf(key);
    const chunk = this.#ownChunk(chunkIndex);
    const at = lowerBound(chunk.keys, key);
    if (chunk.keys[at] === key) {
      chunk.values[at] = value;
      return;
    }
    chunk.keys.splice(at, 0, key);
    chunk.values.splice(at, 0, value);
    this.#size += 1;
    if (chunk.keys.length > MAX_CHUNK) {
      // Ascending insertion, the common order, leaves full chunks behind.
      const half = at === MAX_CHUNK ? MAX_CHUNK : MAX_CHUNK / 2;
      this.#chunks.splice(chunkIndex + 1, 0, {
        owner: this.#owner,
        keys: chunk.keys.splice(half),
        values: chunk.values.splice(half),
      });
    }
  }

  delete(key: Key): void {
    const chunkIndex = this.#chunkIndexOf(key);
    if (this.get(key) === undefined) {
      return;
    }
    const chunk = this.#ownChunk(chunkIndex);
    const at = lowerBound(chunk.keys, key);
    chunk.keys.splice(at, 1);
    chunk.values.splice(at, 1);
    this.#size -= 1;
    if (chunk.keys.length === 0) {
      this.#chunks.splice(chunkIndex, 1);
    }
  }

  /** A map with the same entries; neither sees what is written to the other afterwards. */
  fork(): SortedMap<V> {
    const copy = new SortedMap<V>();
    copy.#chunks = this.#chunks;
    copy.#size = this.#size;
    copy.#sharesChunkList = true;
    this.#sharesChunkList = true;
    this.#owner = {};
    return copy;
  }

  *entries(): IterableIterator<MapEntry<V>> {
    for (const { keys, values } of this.#chunks) {
      for (let at = 0; at < keys.length; at += 1) {
        yield { key: keys[at] as Key, value: values[at] as V };
      }
    }
  }

  /** Entries in range; the map must not change meanwhile (iterate a fork where it may). */
  *range({
    lower,
    upper,
    reverse = false,
  }: KeyRange): IterableIterator<MapEntry<V>> {
    const chunks = this.#chunks;
    const step = reverse ? -1 : 1;
    let chunkIndex = this.#chunkIndexOf(reverse ? upper : lower);
    let chunk = chunks[chunkIndex];
    if (chunk === undefined) {
      return;
    }
    let at = lowerBound(chunk.keys, reverse ? upper : lower);
    if (reverse) {
      at -= 1;
    }
    for (;;) {
      const key = chunk.keys[at];
      if (key === undefined) {
        chunkIndex += step;
        chunk = chunks[chunkIndex];
        if (chunk === undefined) {
          return;
        }
        at = reverse ? chunk.keys.length - 1 : 0;
        continue;
      }
      if (reverse ? key < lower : key >= upper) {
        return;
      }
      yield { key, value: chunk.values[at] as V };
      at += step;
    }
  }

  /** Index of the last chunk that starts at or below `key`, or 0. */
  #chunkIndexOf(key: Key): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const first = this.#chunks[middle]?.keys[0];
      if (first !== undefined && first <= key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low === 0 ? 0 : low - 1;
  }

  #ownChunk(index: number): Chunk<V> {
    if (this.#sharesChunkList) {
      this.#chunks = this.#chunks.slice();
      this.#sharesChunkList = false;
    }
    const shared = this.#chunks[index];
    if (shared?.owner === this.#owner) {
      return shared;
    }
    const owned: Chunk<V> = {
      owner: this.#owner,
      keys: shared?.keys.slice() ?? [],
      values: shared?.values.slice() ?? [],
    };
    this.#chunks[index] = owned;
    return owned;
  }
}

/** First position whose key is at or above `key`. */
function lowerBound(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as Key) < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
