import { commitWrites } from "../../../src/database/transactions/commitWrites.js";
import type { Transaction } from "../../../src/database/transactions/transaction.js";
import type { KeyInterval, ReadInterval } from "../../../src/database/types.js";

/** What a mutation read and wrote, by which it conflicts with others. */
export interface Footprint {
  /** Disjoint, in ascending order. */
  readonly reads: readonly ReadInterval[];
  readonly writes: readonly KeyInterval[];
}

/** The footprint of a transaction that is about to commit, and is not going to. */
export function footprintOf(tx: Transaction): Footprint {
  const reads = [...tx.readSet].sort((a, b) => (a.lower < b.lower ? -1 : 1));
  const { writes, catalog } = tx.finish(tx.ts);
  return {
    reads,
    writes: [...commitWrites(writes, catalog).touched(() => true)],
  };
}

/**
 * The tables over which a mutation would have to run again, had another committed after it began: those in which
 * it read what the other wrote. Named by component, such as `shardedCounter/counters`.
 */
export function conflictsOf(loser: Footprint, winner: Footprint): Set<string> {
  const tables = new Set<string>();
  for (const write of winner.writes) {
    const read = overlapping(loser.reads, write);
    if (read === undefined) continue;
    const { component, table } = read;
    tables.add(component === "" ? table : `${component}/${table}`);
  }
  return tables;
}

function overlapping(
  reads: readonly ReadInterval[],
  { lower, upper }: KeyInterval,
): ReadInterval | undefined {
  let [start, end] = [0, reads.length];
  while (start < end) {
    const middle = (start + end) >>> 1;
    if (reads[middle]!.upper <= lower) start = middle + 1;
    else end = middle;
  }
  const read = reads[start];
  return read !== undefined && read.lower < upper ? read : undefined;
}
