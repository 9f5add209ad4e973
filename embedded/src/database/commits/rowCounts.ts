import type { Key, WriteOp } from "../../storage/store.js";
import { isRowCountKey } from "../records/keyspace.js";

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
