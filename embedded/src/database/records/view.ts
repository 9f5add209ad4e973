import { overlay } from "../../storage/merge.js";
import { SortedMap } from "../../storage/sortedMap.js";
import type {
  Entry,
  Key,
  KeyRange,
  Snapshot,
  WriteOp,
} from "../../storage/store.js";

/** Keys and values as a transaction sees them. */
export interface View {
  get(key: Key): string | undefined;
  range(range: KeyRange): Iterable<Entry>;
}

/**
 * A snapshot with a transaction's own writes on top. Both `frozen()` and `mark()`
 * share the pending writes with this view until one of them changes.
 */
export class PendingView implements View {
  readonly #snapshot: Snapshot;
  #pending = new SortedMap<string | null>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  get(key: Key): string | undefined {
    const pending = this.#pending.get(key);
    return pending === undefined
      ? this.#snapshot.get(key)
      : (pending ?? undefined);
  }

  range(range: KeyRange): Iterable<Entry> {
    return rangeOver(this.#snapshot, this.#pending, range);
  }

  set(key: Key, value: string | null): void {
    this.#pending.set(key, value);
  }

  /** The view as it is now, without later writes, for an open query. */
  frozen(): View {
    const snapshot = this.#snapshot;
    if (this.#pending.size === 0) {
      return snapshot;
    }
    const pending = this.#pending.fork();
    return {
      get: (key) => {
        const value = pending.get(key);
        return value === undefined ? snapshot.get(key) : (value ?? undefined);
      },
      range: (range) => rangeOver(snapshot, pending, range),
    };
  }

  /** The pending writes as they are now, for {@link reset}. */
  mark(): SortedMap<string | null> {
    return this.#pending.fork();
  }

  reset(mark: SortedMap<string | null>): void {
    this.#pending = mark;
  }

  writes(): WriteOp[] {
    return [...this.#pending.entries()];
  }
}

function rangeOver(
  snapshot: Snapshot,
  pending: SortedMap<string | null>,
  range: KeyRange,
): Iterable<Entry> {
  const committed = snapshot.range(range);
  return pending.hasAny(range) ? overlay(pending, committed, range) : committed;
}
