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

/** A view that later writes do not change, until it is released. */
export interface FrozenView extends View {
  release(): void;
}

/**
 * A snapshot with a transaction's own writes on top. Both `frozen()` and `mark()`
 * share the pending writes with this view until one of them changes. A frozen view that was released
 * before the next write costs that write nothing, as it does for most queries.
 */
export class PendingView implements View {
  readonly #snapshot: Snapshot;
  #pending = new SortedMap<string | null>();
  /** Number of frozen views that are open on the pending writes as they are now. */
  #readers = { open: 0 };

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
    if (this.#readers.open > 0) this.#continueOn(this.#pending.fork());
    this.#pending.set(key, value);
  }

  /** The view as it is now, without later writes, for an open query. */
  frozen(): FrozenView {
    const snapshot = this.#snapshot;
    const pending = this.#pending;
    const readers = this.#readers;
    readers.open += 1;
    let isReleased = false;
    return {
      get: (key) => {
        const value = pending.get(key);
        return value === undefined ? snapshot.get(key) : (value ?? undefined);
      },
      range: (range) => rangeOver(snapshot, pending, range),
      release: () => {
        if (!isReleased) readers.open -= 1;
        isReleased = true;
      },
    };
  }

  /** The pending writes as they are now, for {@link reset}. */
  mark(): SortedMap<string | null> {
    return this.#pending.fork();
  }

  reset(mark: SortedMap<string | null>): void {
    this.#continueOn(mark);
  }

  writes(): WriteOp[] {
    const writes: WriteOp[] = [];
    this.#pending.forEach((key, value) => {
      writes.push({ key, value });
    });
    return writes;
  }

  /** Leaves the present pending writes to the frozen views. */
  #continueOn(pending: SortedMap<string | null>): void {
    this.#pending = pending;
    this.#readers = { open: 0 };
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
