import { EmbeddedError } from "../../src/errors.js";
import { SortedMap } from "../../src/storage/sortedMap.js";
import {
  assertKeysFit,
  type Entry,
  type Key,
  type KeyRange,
  type Snapshot,
  type Store,
  type WriteOp,
  type WriteReceipt,
} from "../../src/storage/store.js";

const DURABLE = Promise.resolve();

/** Receives the uses of a store. */
interface Watcher {
  /** Called for each write, with the number of keys it changes. */
  onWrite?: (keys: number) => void;
  /** Called for each entry of a range that is read. */
  onEntry?: () => void;
}

/** A store that lives as long as its process does. */
export function openMemoryStore(watcher: Watcher = {}): Store {
  return new MemoryStore(watcher);
}

class MemoryStore implements Store {
  readonly #entries = new SortedMap<string>();
  readonly #watcher: Watcher;
  #isClosed = false;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  snapshot(): Snapshot {
    this.#assertOpen();
    return new MemorySnapshot(this.#entries.fork(), this.#watcher);
  }

  write(ops: readonly WriteOp[]): WriteReceipt {
    this.#assertOpen();
    assertKeysFit(ops);
    this.#watcher.onWrite?.(ops.length);
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
  readonly #watcher: Watcher;

  constructor(entries: SortedMap<string>, watcher: Watcher) {
    this.#entries = entries;
    this.#watcher = watcher;
  }

  get(key: Key): string | undefined {
    return this.#held().get(key);
  }

  *range(range: KeyRange): Iterable<Entry> {
    for (const entry of this.#held().range(range)) {
      this.#watcher.onEntry?.();
      yield entry;
    }
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
