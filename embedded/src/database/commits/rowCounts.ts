import type { Key, WriteOp } from "../../storage/store.js";
import { INDEX_COUNTS, ROW_COUNTS } from "../records/keyspace.js";
import { firstFrom, writesIn } from "../transactions/orderedWrites.js";
import type { KeyInterval } from "../types.js";

/**
 * The numbers of documents of tables as the latest commits left them. A mutation counts on from its
 * snapshot; what others added since is put on top of that, so that two that insert into one table
 * do not conflict.
 */
export class RowCounts {
  readonly #latest = new Map<Key, string>();

  /**
   * Puts the counts in a commit's writes on top of the latest.
   * @param before - the values that the writes were based on
   */
  onTop(
    writes: readonly WriteOp[],
    before: (key: Key) => string | undefined,
  ): readonly WriteOp[] {
    return withOthers(writes, ROW_COUNTS, (write) => {
      const { key, value } = write;
      const latest = this.#latest.get(key);
      if (latest === undefined || value === null) return write;
      const added = Number(value) - Number(before(key) ?? 0);
      return { key, value: String(Number(latest) + added) };
    });
  }

  /** Takes in the writes of a commit. */
  committed(writes: readonly WriteOp[]): void {
    for (const { key, value } of writesIn(writes, ROW_COUNTS)) {
      // The number of a table that is gone is never given out again.
      if (value === null) this.#latest.delete(key);
      else this.#latest.set(key, value);
    }
  }
}

/**
 * Puts the counts of indexes in a commit's writes on top of the latest, as {@link RowCounts} does
 * for tables. There is one for each word that anybody wrote, so the latest are in the store.
 * @param before - the values that the writes were based on
 * @param latest - the values of the latest commit
 */
export function indexCountsOnTop(
  writes: readonly WriteOp[],
  before: (key: Key) => string | undefined,
  latest: (key: Key) => string | undefined,
): readonly WriteOp[] {
  return withOthers(writes, INDEX_COUNTS, ({ key, value }) => {
    const added = Number(value ?? 0) - Number(before(key) ?? 0);
    const count = Number(latest(key) ?? 0) + added;
    return { key, value: count === 0 ? null : String(count) };
  });
}

export function hasIndexCounts(writes: readonly WriteOp[]): boolean {
  return writesIn(writes, INDEX_COUNTS).length > 0;
}

/** The writes, with others in place of those in an interval. */
function withOthers(
  writes: readonly WriteOp[],
  { lower, upper }: KeyInterval,
  otherFor: (write: WriteOp) => WriteOp,
): readonly WriteOp[] {
  const from = firstFrom(writes, lower);
  const to = firstFrom(writes, upper, from);
  if (from === to) return writes;
  const others = writes.slice();
  for (let index = from; index < to; index += 1) {
    others[index] = otherFor(writes[index]!);
  }
  return others;
}
