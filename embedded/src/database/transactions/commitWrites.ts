import type { JSONValue } from "convex/values";
import { prefixEnd, type Key, type WriteOp } from "../../storage/store.js";
import type { SearchIndex } from "../search/searchIndex.js";
import type { Catalog, Index, Table } from "../records/catalog.js";
import { movedByFilters } from "../records/contentRows.js";
import { Document } from "../records/documents.js";
import { encodeId } from "../values/ids.js";
import { indexKey, wholeKeys } from "../records/indexEntry.js";
import { justAfter } from "../queries/indexScan.js";
import {
  headOf,
  HEAD_BYTES,
  META,
  metaKey,
  metaName,
  retiredHead,
} from "../records/keyspace.js";
import type { CommitWrites, KeyInterval } from "../types.js";
import {
  charactersOf,
  firstFrom,
  groupsOf,
  writesIn,
  type WrittenGroup,
} from "./orderedWrites.js";

/**
 * The meaning of a commit's keys, computed only for a listener that asks.
 * @param writes - in the order of their keys
 */
export function commitWrites(
  writes: readonly WriteOp[],
  catalog: Catalog,
  groups: readonly WrittenGroup[] = groupsOf(writes),
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
      return writesIn(writes, META).map(({ key }) => metaName(key));
    },
    get characters() {
      return charactersOf(writes);
    },
    hasMeta(prefix) {
      return this.under(metaKey(prefix)).some(({ value }) => value !== null);
    },
    under: (head) => writesIn(writes, { lower: head, upper: prefixEnd(head) }),
    *touched(isWatched) {
      for (const group of groups) {
        yield* group.isOfTable
          ? touchedInTable(writes, group, catalog, isWatched)
          : touchedElsewhere(writes, group, isWatched);
      }
    },
  };
}

/** What was touched of a table's documents, and by these in its indexes; or of an index. */
function* touchedInTable(
  writes: readonly WriteOp[],
  { group: head, from, to }: WrittenGroup,
  catalog: Catalog,
  isWatched: (head: Key) => boolean,
): Iterable<KeyInterval> {
  const isItself = isWatched(head);
  const { written, searchIndexes } = tablesByHead(catalog).get(head) ?? NONE;
  const indexes = written.filter((index) => isWatched(index.head));
  const searches = searchIndexes.filter((index) => isWatched(index.head));
  const isForDocuments = indexes.length > 0 || searches.length > 0;
  if (!isItself && !isForDocuments) return;
  for (let index = from; index < to; index += 1) {
    const { key, value } = writes[index]!;
    if (isItself) yield wholeKeys(key);
    if (value === null || !isForDocuments) continue;
    const fields = new Document(value).value;
    const rawId = key.slice(HEAD_BYTES);
    yield* places(indexes, rawId, fields);
    yield* searchPlaces(searches, rawId, fields, writes);
  }
}

const NONE: Pick<Table, "written" | "searchIndexes"> = {
  written: [],
  searchIndexes: [],
};

function* touchedElsewhere(
  writes: readonly WriteOp[],
  { from, to }: WrittenGroup,
  isWatched: (head: Key) => boolean,
): Iterable<KeyInterval> {
  for (let index = from; index < to; index += 1) {
    const { key, value } = writes[index]!;
    const gone = retiredHead(key);
    if (gone !== undefined && value !== null && isWatched(gone)) {
      yield { lower: gone, upper: prefixEnd(gone) };
    }
    if (isWatched(headOf(key))) yield wholeKeys(key);
  }
}

/**
 * The places of a document now. Its earlier places need no look at the old version: an index entry
 * that moved is a write of its own.
 */
function* places(
  indexes: readonly Index[],
  rawId: Key,
  fields: Record<string, JSONValue>,
): Iterable<KeyInterval> {
  for (const index of indexes) {
    const lower = indexKey(index, fields, rawId);
    yield { lower, upper: justAfter(lower) };
  }
}

/** The places of a document under its terms, in indexes where it moved to another filter's value. */
function* searchPlaces(
  indexes: readonly SearchIndex[],
  rawId: Key,
  fields: Record<string, JSONValue>,
  writes: readonly WriteOp[],
): Iterable<KeyInterval> {
  const wrote = (one: Key) => hasKey(writes, one);
  for (const index of indexes) {
    for (const lower of movedByFilters(index, wrote, fields, rawId)) {
      yield { lower, upper: justAfter(lower) };
    }
  }
}

/** Whether a key is among writes, which are in order. */
function hasKey(writes: readonly WriteOp[], key: Key): boolean {
  return writes[firstFrom(writes, key)]?.key === key;
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
