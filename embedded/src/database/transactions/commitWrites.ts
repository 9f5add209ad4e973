import { prefixEnd, type Key, type WriteOp } from "../../storage/store.js";
import type { Catalog, Table } from "../records/catalog.js";
import { movedByFilters } from "../records/contentRows.js";
import { Document } from "../records/documents.js";
import { encodeId } from "../values/ids.js";
import { indexKey, wholeKeys } from "../records/indexEntry.js";
import { justAfter } from "../queries/indexScan.js";
import {
  headOf,
  HEAD_BYTES,
  isMetaKey,
  metaKey,
  metaName,
  retiredHead,
} from "../records/keyspace.js";
import type { CommitWrites, KeyInterval } from "../types.js";

/**
 * The meaning of a commit's keys, computed only for a listener that asks.
 * @param writes - in the order of their keys
 */
export function commitWrites(
  writes: readonly WriteOp[],
  catalog: Catalog,
): CommitWrites {
  return {
    get documents() {
      const tables = tablesByHead(catalog);
      return writes.flatMap(({ key }) => {
        const table = tables.get(headOf(key));
        return table === undefined
          ? []
          : [
              {
                component: table.component,
                table: table.name,
                id: encodeId(table.number, key.slice(HEAD_BYTES)),
              },
            ];
      });
    },
    get metaKeys() {
      // Most are documents and index entries.
      return writes
        .filter(({ key }) => isMetaKey(key))
        .map(({ key }) => metaName(key));
    },
    get characters() {
      return charactersOf(writes);
    },
    hasMeta(prefix) {
      const start = metaKey(prefix);
      return writes.some(
        ({ key, value }) => value !== null && key.startsWith(start),
      );
    },
    under(head) {
      const [from, to] = [head, prefixEnd(head)];
      return writes.slice(firstFrom(writes, from), firstFrom(writes, to));
    },
    *touched(isWatched) {
      const tables = tablesByHead(catalog);
      for (const { key, value } of writes) {
        const gone = retiredHead(key);
        if (gone !== undefined && value !== null && isWatched(gone)) {
          yield { lower: gone, upper: prefixEnd(gone) };
        }
        const head = headOf(key);
        if (isWatched(head)) yield wholeKeys(key);
        const table = tables.get(head);
        if (table !== undefined && value !== null) {
          yield* places(table, key, value, isWatched);
          yield* searchPlaces(table, key, value, writes, isWatched);
        }
      }
    },
  };
}

/** Length of the keys and values of writes. */
export function charactersOf(writes: readonly WriteOp[]): number {
  let characters = 0;
  for (const { key, value } of writes) {
    characters += key.length + (value?.length ?? 0);
  }
  return characters;
}

/**
 * The places of a document now. Its earlier places need no look at the old version: an index entry
 * that moved is a write of its own.
 */
function* places(
  table: Table,
  key: Key,
  stored: string,
  isWatched: (head: Key) => boolean,
): Iterable<KeyInterval> {
  const indexes = table.written.filter(({ head }) => isWatched(head));
  if (indexes.length === 0) return;
  const fields = new Document(stored).value;
  const rawId = key.slice(HEAD_BYTES);
  for (const index of indexes) {
    const lower = indexKey(index, fields, rawId);
    yield { lower, upper: justAfter(lower) };
  }
}

/** The places of a document under its terms, in indexes where it moved to another filter's value. */
function* searchPlaces(
  table: Table,
  key: Key,
  stored: string,
  writes: readonly WriteOp[],
  isWatched: (head: Key) => boolean,
): Iterable<KeyInterval> {
  const indexes = table.searchIndexes.filter(({ head }) => isWatched(head));
  if (indexes.length === 0) return;
  const fields = new Document(stored).value;
  const wrote = (one: Key) => hasKey(writes, one);
  for (const index of indexes) {
    const rawId = key.slice(HEAD_BYTES);
    for (const lower of movedByFilters(index, wrote, fields, rawId)) {
      yield { lower, upper: justAfter(lower) };
    }
  }
}

/** Whether a key is among writes, which are in order. */
function hasKey(writes: readonly WriteOp[], key: Key): boolean {
  return writes[firstFrom(writes, key)]?.key === key;
}

/** Place of the first write at or after a key. */
export function firstFrom(writes: readonly WriteOp[], key: Key): number {
  let start = 0;
  let end = writes.length;
  while (start < end) {
    const middle = (start + end) >>> 1;
    if (writes[middle]!.key < key) start = middle + 1;
    else end = middle;
  }
  return start;
}

const byCatalog = new WeakMap<Catalog, ReadonlyMap<Key, Table>>();

/** Tables by the head of their documents' keys. */
export function tablesByHead(catalog: Catalog): ReadonlyMap<Key, Table> {
  let tables = byCatalog.get(catalog);
  if (tables === undefined) {
    tables = new Map(
      [...catalog.components.values()].flatMap((component) =>
        [...component.tables.values()].map(
          (table) => [table.head, table] as const,
        ),
      ),
    );
    byCatalog.set(catalog, tables);
  }
  return tables;
}
