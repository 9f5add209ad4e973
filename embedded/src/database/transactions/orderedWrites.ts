import { prefixEnd, type Key, type WriteOp } from "../../storage/store.js";
import { HEAD_BYTES, readGroup } from "../records/keyspace.js";
import type { KeyInterval } from "../types.js";

/*
 * A commit may have ten thousand writes, and whoever looks at it does so inside of the commit: so what is asked of all
 * of them is asked of each table and index once, and of single writes only where they are meant.
 */

/** Writes of one commit to what is read together, by their places among all. */
export interface WrittenGroup {
  /** As {@link readGroup} names it. */
  readonly group: Key;
  /** Whether it is a table's documents or an index. */
  readonly isOfTable: boolean;
  readonly from: number;
  readonly to: number;
}

/** The groups of a commit's writes, which are in the order of their keys. */
export function groupsOf(writes: readonly WriteOp[]): WrittenGroup[] {
  const groups: WrittenGroup[] = [];
  for (let from = 0; from < writes.length;) {
    const group = readGroup(writes[from]!.key);
    const to = endOf(writes, from, group);
    groups.push({ group, isOfTable: group.length === HEAD_BYTES, from, to });
    from = to;
  }
  return groups;
}

/** The writes of keys in an interval. */
export function writesIn(
  writes: readonly WriteOp[],
  { lower, upper }: KeyInterval,
): readonly WriteOp[] {
  const from = firstFrom(writes, lower);
  const first = writes[from];
  return first === undefined || first.key >= upper
    ? []
    : writes.slice(from, firstFrom(writes, upper, from));
}

/** Place of the first write at or after a key, between two places. */
export function firstFrom(
  writes: readonly WriteOp[],
  key: Key,
  start = 0,
  end = writes.length,
): number {
  while (start < end) {
    const middle = (start + end) >>> 1;
    if (writes[middle]!.key < key) start = middle + 1;
    else end = middle;
  }
  return start;
}

/** Length of the keys and values of writes. */
export function charactersOf(writes: readonly WriteOp[]): number {
  let characters = 0;
  for (const { key, value } of writes) {
    characters += key.length + (value?.length ?? 0);
  }
  return characters;
}

/** So many writes are looked through one by one before the end of their group is searched. */
const FEW = 8;

function endOf(writes: readonly WriteOp[], from: number, group: Key): number {
  for (let to = from + 1; to <= from + FEW; to += 1) {
    if (writes[to]?.key.startsWith(group) !== true) return to;
  }
  return firstFrom(writes, prefixEnd(group), from + FEW);
}
