/*
 * How new keys fill LMDB's pages. LMDB splits a full page in two halves, unless the key that it has no
 * room for comes after all others in the page: then it leaves the page full and begins a new one. But
 * a table that grows at its end has the keys of the next one behind it, mostly in the same page, so
 * that all of its pages would stay half empty: the file twice as large, and twice as many pages to read,
 * write and keep in memory.
 *
 * So where many keys go to the end of their table, those behind them are taken out before and put back
 * after them, in the same transaction.
 */

import type { RootDatabase } from "lmdb";
import type { Writes } from "./sortedWrites.js";
import { prefixEnd, type Entry, type Key, type WriteOp } from "./store.js";

/** Length of the part that keys of one table or index share. */
const SHARED_CHARACTERS = 5;

/** Length of keys and values from which on they are worth the trouble, of some pages. */
const LEAST_CHARACTERS = 16 * 1_024;

const PAGE_BYTES = 4_096;

/** Size from which on a page has no more than the place of a value, which has pages of its own. */
const LARGE_BYTES = 1_900;

/** The writes in the order in which LMDB is to do them. */
export function inOrderOfPages(
  lmdb: RootDatabase<string, Key>,
  writes: Writes,
): WriteOp[] {
  const ordered: WriteOp[] = [];
  let group: WriteOp[] = [];
  let shared: Key | undefined;
  const endGroup = () => {
    for (const op of withTailAlone(lmdb, writes, group)) ordered.push(op);
    group = [];
  };
  writes.forEach((key, value) => {
    if (shared === undefined || !key.startsWith(shared)) {
      endGroup();
      shared = key.slice(0, SHARED_CHARACTERS);
    }
    group.push({ key, value });
  });
  endGroup();
  return ordered;
}

/** The writes of one table or index, with nothing behind those that go to its end. */
function withTailAlone(
  lmdb: RootDatabase<string, Key>,
  writes: Writes,
  group: WriteOp[],
): WriteOp[] {
  const last = group.at(-1);
  if (last === undefined || putCharacters(group) < LEAST_CHARACTERS) {
    return group;
  }
  const shared = last.key.slice(0, SHARED_CHARACTERS);
  if (shared.length < SHARED_CHARACTERS) return group;
  const lastStored = lastKeyOf(lmdb, shared) ?? "";
  const tailAt = group.findIndex(({ key }) => key > lastStored);
  if (tailAt < 0) return group;
  const tail = group.slice(tailAt);
  if (putCharacters(tail) < LEAST_CHARACTERS) return group;
  const behind = entriesBehind(lmdb, last.key);
  return [
    ...group.slice(0, tailAt),
    ...behind.map(({ key }) => ({ key, value: null })),
    ...tail,
    // What is written anyway has its turn later.
    ...behind.filter(({ key }) => writes.get(key) === undefined),
  ];
}

function putCharacters(group: readonly WriteOp[]): number {
  let characters = 0;
  for (const { key, value } of group) {
    if (value !== null) characters += key.length + value.length;
  }
  return characters;
}

function lastKeyOf(
  lmdb: RootDatabase<string, Key>,
  shared: Key,
): Key | undefined {
  const [last] = lmdb.getKeys({
    ...{ start: prefixEnd(shared), end: shared, reverse: true, limit: 1 },
    exclusiveStart: true,
  });
  return last;
}

/** What may be in the same page behind a key. */
function entriesBehind(
  lmdb: RootDatabase<string, Key>,
  after: Key,
): readonly Entry[] {
  const behind: Entry[] = [];
  let bytes = 0;
  for (const { key, value } of lmdb.getRange({ start: after })) {
    if (bytes >= PAGE_BYTES) break;
    bytes += key.length + (value.length < LARGE_BYTES ? value.length : 0);
    behind.push({ key, value });
  }
  return behind;
}
