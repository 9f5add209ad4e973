import { EmbeddedError } from "../errors.js";
import { SortedMap } from "./sortedMap.js";
import {
  assertKeysFit,
  type Entry,
  type Key,
  type KeyRange,
  type Snapshot,
  type Store,
  type WriteOp,
  type WriteReceipt,
} from "./store.js";

const DURABLE = Promise.resolve();

/** A store that lives as long as its process does: for tests, which want no directory. */
export function openMemoryStore(): Store {
  return new MemoryStore();
}

class MemoryStore implements Store {
  readonly #entries = new SortedMap<string>();
  #isClosed = false;

  snapshot(): Snapshot {
    this.#assertOpen();
    return new MemorySnapshot(this.#entries.fork());
  }

  write(ops: readonly WriteOp[]): WriteReceipt {
    this.#assertOpen();
    assertKeysFit(ops);
    for (const { key, value } of ops) {
      if (value === null) {
        this.#entries.delete(key);
      } else {
        this.#entries.set(key, value);
      }
    }
    return { durable: DURABLE };
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return DURABLE;
  }

  #assertOpen(): void {
    if (this.#isClosed) {
      throw new EmbeddedError("storageClosed", "The store is closed.");
    }
  }
}

class MemorySnapshot implements Snapshot {
  #entries: SortedMap<string> | null;

  constructor(entries: SortedMap<string>) {
    this.#entries = entries;
  }

  get(key: Key): string | undefined {
    return this.#held().get(key);
  }

  range(range: KeyRange): Iterable<Entry> {
    return this.#held().range(range);
  }

  release(): void {
    this.#entries = null;
  }

  #held(): SortedMap<string> {
    if (this.#entries === null) {
      throw new EmbeddedError(
        "transactionClosed",
        "The snapshot was read after its release.",
      );
    }
    return this.#entries;
  }
}
