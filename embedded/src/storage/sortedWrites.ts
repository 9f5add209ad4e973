import type { Key, KeyRange, WriteOp } from "./store.js";

/** Writes by their keys; null deletes. */
export interface Writes {
  readonly size: number;
  get(key: Key): string | null | undefined;
  /** Whether there is a write in the range. */
  hasAny(range: KeyRange): boolean;
  forEach(visit: (key: Key, value: string | null) => void): void;
  /** Writes in range; there must be no others meanwhile. */
  range(range: KeyRange): IterableIterator<WriteOp>;
}

/**
 * The writes of a large commit as they came: in the order of their keys, each key once. To put them into a sorted map
 * would take as long as all the rest of the commit.
 */
export class SortedWrites implements Writes {
  readonly #writes: readonly WriteOp[];

  constructor(writes: readonly WriteOp[]) {
    this.#writes = writes;
  }

  get size(): number {
    return this.#writes.length;
  }

  get(key: Key): string | null | undefined {
    const write = this.#writes[this.#firstFrom(key)];
    return write?.key === key ? write.value : undefined;
  }

  hasAny({ lower, upper }: KeyRange): boolean {
    const first = this.#writes[this.#firstFrom(lower)];
    return first !== undefined && first.key < upper;
  }

  forEach(visit: (key: Key, value: string | null) => void): void {
    for (const { key, value } of this.#writes) visit(key, value);
  }

  *range({
    lower,
    upper,
    reverse = false,
  }: KeyRange): IterableIterator<WriteOp> {
    const from = this.#firstFrom(lower);
    const to = this.#firstFrom(upper);
    for (let n = 0; n < to - from; n += 1) {
      yield this.#writes[reverse ? to - 1 - n : from + n]!;
    }
  }

  /** Place of the first write at or after a key. */
  #firstFrom(key: Key): number {
    let start = 0;
    let end = this.#writes.length;
    while (start < end) {
      const middle = (start + end) >>> 1;
      if (this.#writes[middle]!.key < key) start = middle + 1;
      else end = middle;
    }
    return start;
  }
}

/** Whether writes are in the order of their keys, each key once. */
export function areSorted(writes: readonly WriteOp[]): boolean {
  for (let n = 1; n < writes.length; n += 1) {
    if (writes[n - 1]!.key >= writes[n]!.key) return false;
  }
  return true;
}

/** The writes of both; where both write a key, those of the newer. */
export function merged(older: Writes, newer: Writes): Writes {
  const writes: WriteOp[] = [];
  const below: WriteOp[] = [];
  older.forEach((key, value) => below.push({ key, value }));
  let next = 0;
  newer.forEach((key, value) => {
    for (; next < below.length && below[next]!.key < key; next += 1) {
      writes.push(below[next]!);
    }
    if (below[next]?.key === key) next += 1;
    writes.push({ key, value });
  });
  for (; next < below.length; next += 1) writes.push(below[next]!);
  return new SortedWrites(writes);
}
