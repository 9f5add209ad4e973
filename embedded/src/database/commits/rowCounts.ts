import type { Key, WriteOp } from "../../storage/store.js";
import { isIndexCountKey, isRowCountKey } from "../records/keyspace.js";

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
    if (!writes.some(({ key }) => isRowCountKey(key))) return writes;
    return writes.map((write) => {
      const { key, value } = write;
      const latest = this.#latest.get(key);
      if (latest === undefined || value === null) return write;
      const added = Number(value) - Number(before(key) ?? 0);
      return { key, value: String(Number(latest) + added) };
    });
  }

  /** Takes in the writes of a commit. */
  committed(writes: readonly WriteOp[]): void {
    for (const { key, value } of writes) {
      if (!isRowCountKey(key)) continue;
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
  return writes.map((write) => {
    const { key, value } = write;
    if (!isIndexCountKey(key)) return write;
    const added = Number(value ?? 0) - Number(before(key) ?? 0);
    const count = Number(latest(key) ?? 0) + added;
    return { key, value: count === 0 ? null : String(count) };
  });
}

export function hasIndexCounts(writes: readonly WriteOp[]): boolean {
  return writes.some(({ key }) => isIndexCountKey(key));
}
