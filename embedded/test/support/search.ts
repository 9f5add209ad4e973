import type { JSONValue } from "convex/values";
import type { Database } from "../../src/database/database.js";
import {
  readyIndexes,
  type Table,
} from "../../src/database/records/catalog.js";
import { addContent } from "../../src/database/records/contentRows.js";
import { Document } from "../../src/database/records/documents.js";
import { HEAD_BYTES } from "../../src/database/records/keyspace.js";
import { PendingView } from "../../src/database/records/view.js";
import type { SearchIndex } from "../../src/database/search/searchIndex.js";
import type { Transaction } from "../../src/database/transactions/transaction.js";
import type { QueryJson, QueryOperator } from "../../src/database/types.js";
import {
  prefixEnd,
  type Snapshot,
  type Store,
} from "../../src/storage/store.js";
import { collect, read } from "./database.js";

/** A search as the client sends it, of `t.search` over the field `body` unless it says otherwise. */
export function searchFor(
  text: string,
  equal: Record<string, JSONValue> = {},
  {
    index = "t.search",
    field = "body",
    operators = [],
  }: { index?: string; field?: string; operators?: QueryOperator[] } = {},
): QueryJson {
  const filters = [
    { type: "Search", fieldPath: field, value: text },
    ...Object.entries(equal).map(([fieldPath, value]) => ({
      type: "Eq",
      fieldPath,
      value,
    })),
  ];
  return { source: { type: "Search", indexName: index, filters }, operators };
}

/** A field, `n` unless it says otherwise, of all documents that a search finds. */
export function found(tx: Transaction, query: QueryJson, field = "n") {
  return collect(tx, "", query).map(({ value }) => value[field]);
}

/**
 * What the store has of a search index that it should not have, and the other way round: the rows
 * and counts that the table's documents make when they are added to an empty one.
 */
export function wrongRows(
  db: Database,
  store: Store,
  tableName: string,
  indexName: string,
): object {
  const table = read(db, (tx) => tx.table("", tableName)) as Table;
  const index = readyIndexes(table).find(
    ({ name }) => name === indexName,
  ) as SearchIndex;
  const snapshot = store.snapshot();
  try {
    const actual = rowsOf(snapshot, index);
    const expected = expectedRows(snapshot, table, index);
    const differ = (a: Map<string, string>, b: Map<string, string>) =>
      [...a].filter(([key, value]) => b.get(key) !== value);
    return {
      missing: differ(expected, actual),
      unexpected: differ(actual, expected),
    };
  } finally {
    snapshot.release();
  }
}

export const NONE_WRONG = { missing: [], unexpected: [] };

function rowsOf(
  snapshot: Pick<Snapshot, "range">,
  { head, countsHead }: SearchIndex,
): Map<string, string> {
  return new Map(
    [head, countsHead].flatMap((lower) =>
      [...snapshot.range({ lower, upper: prefixEnd(lower) })].map(
        ({ key, value }) => [key, value] as const,
      ),
    ),
  );
}

function expectedRows(
  snapshot: Snapshot,
  table: Table,
  index: SearchIndex,
): Map<string, string> {
  const empty = new PendingView({
    get: () => undefined,
    range: () => [],
    release: () => undefined,
  });
  const { head: lower } = table;
  for (const { key, value } of snapshot.range({
    lower,
    upper: prefixEnd(lower),
  })) {
    const fields = new Document(value).value;
    addContent(empty, [index], key.slice(HEAD_BYTES), fields, true);
  }
  return rowsOf(empty, index);
}
