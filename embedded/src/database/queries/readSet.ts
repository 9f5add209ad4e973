import type { Key } from "../../storage/store.js";
import type { KeyInterval, ReadInterval } from "../types.js";

interface Interval {
  lower: Key;
  upper: Key;
}

/** Intervals of one index, and the filters of the searches that read them. */
export interface IntervalsRead {
  readonly intervals: readonly KeyInterval[];
  readonly filters: readonly Key[];
}

interface IndexReads {
  readonly component: string;
  readonly table: string;
  readonly index: string;
  readonly filters: readonly Key[];
  /** Disjoint intervals in ascending order. */
  readonly intervals: Interval[];
}

/** The intervals of index keys that a transaction read, joined where they touch. */
export class ReadSet {
  readonly #byIndex: IndexReads[] = [];
  /** The same by table, which is quicker to find than by a name that has to be made first. */
  readonly #byTable = new Map<string, IndexReads[]>();
  #count = 0;

  /** Number of disjoint intervals. */
  get count(): number {
    return this.#count;
  }

  add(interval: ReadInterval): void {
    const { intervals } = this.#readsOf(interval);
    const before = intervals.length;
    join(intervals, interval.lower, interval.upper);
    this.#count += intervals.length - before;
  }

  /** The intervals of each index, disjoint and in ascending order; none is without any. */
  get byIndex(): Iterable<IntervalsRead> {
    return this.#byIndex;
  }

  *[Symbol.iterator](): IterableIterator<ReadInterval> {
    for (const { component, table, index, intervals } of this.#byIndex) {
      for (const { lower, upper } of intervals) {
        yield { component, table, index, lower, upper };
      }
    }
  }

  #readsOf(interval: ReadInterval): IndexReads {
    const { component, table, index, filters = NONE } = interval;
    let ofTable = this.#byTable.get(table);
    if (ofTable === undefined) this.#byTable.set(table, (ofTable = []));
    for (const reads of ofTable) {
      const isSame =
        reads.index === index &&
        reads.component === component &&
        isEqual(reads.filters, filters);
      if (isSame) return reads;
    }
    const reads = { component, table, index, filters, intervals: [] };
    ofTable.push(reads);
    this.#byIndex.push(reads);
    return reads;
  }
}

const NONE: readonly Key[] = [];

function isEqual(a: readonly Key[], b: readonly Key[]): boolean {
  return (
    a === b || (a.length === b.length && a.every((key, n) => key === b[n]))
  );
}

function join(intervals: Interval[], lower: Key, upper: Key): void {
  // The first interval that reaches `lower` is the first that can overlap.
  let start = 0;
  let end = intervals.length;
  while (start < end) {
    const middle = (start + end) >>> 1;
    if ((intervals[middle] as Interval).upper < lower) {
      start = middle + 1;
    } else {
      end = middle;
    }
  }
  const first = intervals[start];
  if (first === undefined || first.lower > upper) {
    intervals.splice(start, 0, { lower, upper });
    return;
  }
  first.lower = lower < first.lower ? lower : first.lower;
  first.upper = upper > first.upper ? upper : first.upper;
  let next = start + 1;
  for (
    let other = intervals[next];
    other !== undefined && other.lower <= first.upper;
    other = intervals[next]
  ) {
    first.upper = other.upper > first.upper ? other.upper : first.upper;
    next += 1;
  }
  intervals.splice(start + 1, next - start - 1);
}
