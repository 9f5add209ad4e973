import type { JSONValue } from "convex/values";
import { prefixEnd, type Key } from "../../storage/store.js";
import {
  componentOf,
  headsOf,
  keptIndex,
  readyIndexes,
  withTables,
  type AnyIndex,
  type Catalog,
  type Component,
  type Table,
} from "../records/catalog.js";
import {
  indexRecord,
  makeTable,
  putComponent,
  tableRecord,
} from "../records/catalogRecords.js";
import { addIndexEntries, rowCount } from "../records/documents.js";
import { HEAD_BYTES } from "../records/keyspace.js";
import { retire } from "../records/retired.js";
import { parseSchema } from "./schemaDefinition.js";
import type { PendingView } from "../records/view.js";

/**
 * Largest number of documents for which a table's new indexes are filled in the push's own commit; a
 * tenth of it where there are texts to search, of which each word makes an entry.
 */
export const FILL_AT_ONCE = 1_000;

/** Limits for one commit of a build: documents, characters in them, and entries made of them. */
export const BUILD_BATCH = {
  documents: 1_000,
  characters: 4 * 1_024 * 1_024,
  entries: 10_000,
};

/** The indexes of one table that are being filled. */
export interface TableBuild {
  tableId: number;
  ids: number[];
  rows: number;
}

/**
 * Adds the indexes that a schema brings to tables with many documents, still empty, to the catalog.
 */
export function startBuilds(
  catalog: Catalog,
  view: PendingView,
  path: string,
  schemaJson: JSONValue,
): { catalog: Catalog; result: TableBuild[] } {
  const component = componentOf(catalog, path);
  let { nextIndexId } = catalog;
  const plans: TableBuild[] = [];
  const tables = new Map(component.tables);
  for (const { name, indexes } of parseSchema(schemaJson).tables) {
    const table = component.tables.get(name);
    if (table === undefined) continue;
    const rows = rowCount(view, table);
    const added = indexes.filter(
      (index) => keptIndex(readyIndexes(table), index) === undefined,
    );
    const limit = added.some(({ kind }) => kind === "search")
      ? FILL_AT_ONCE / 10
      : FILL_AT_ONCE;
    if (rows <= limit || added.length === 0) continue;
    const building = added.map((index) => ({ ...index, id: nextIndexId++ }));
    const record = tableRecord(table);
    tables.set(
      name,
      makeTable(path, {
        ...record,
        building: [...(record.building ?? []), ...building],
      }),
    );
    plans.push({ tableId: table.id, ids: building.map(({ id }) => id), rows });
  }
  if (plans.length === 0) return { catalog, result: [] };
  const changed: Component = withTables(component, [...tables.values()]);
  return {
    catalog: putComponent({ ...catalog, nextIndexId }, view, changed),
    result: plans,
  };
}

/**
 * Fills the indexes with the entries of the next documents. A table that an import replaced needs
 * no more.
 */
export function fillSome(
  catalog: Catalog,
  view: PendingView,
  path: string,
  { tableId, ids }: TableBuild,
  after: Key,
): { documents: number; next: Key | null } {
  const table = [...componentOf(catalog, path).tables.values()].find(
    ({ id }) => id === tableId,
  );
  const indexes = table?.building.filter(({ id }) => ids.includes(id!)) ?? [];
  if (table === undefined || indexes.length === 0) {
    return { documents: 0, next: null };
  }
  let documents = 0;
  let characters = 0;
  let entries = 0;
  for (const { key, value } of view.frozen().range(rest(table, after))) {
    if (
      documents === BUILD_BATCH.documents ||
      characters > BUILD_BATCH.characters ||
      entries > BUILD_BATCH.entries
    ) {
      return { documents, next: key.slice(HEAD_BYTES) };
    }
    entries += addIndexEntries(view, indexes, key, value);
    documents += 1;
    characters += value.length;
  }
  return { documents, next: null };
}

function rest({ head }: Table, from: Key): { lower: Key; upper: Key } {
  return { lower: head + from, upper: prefixEnd(head) };
}

/** The catalog without the builds that `isGone` accepts; their entries are retired. */
export function withoutBuilds(
  catalog: Catalog,
  view: PendingView,
  isGone: (index: AnyIndex) => boolean,
): Catalog {
  let changed = catalog;
  for (const component of catalog.components.values()) {
    const tables = [...component.tables.values()];
    const gone = tables.flatMap(({ building }) => building.filter(isGone));
    if (gone.length === 0) continue;
    for (const head of gone.flatMap(headsOf)) retire(view, head);
    const kept = tables.map((table) =>
      makeTable(component.path, {
        ...tableRecord(table),
        building: table.building
          .filter((index) => !isGone(index))
          .map(indexRecord),
      }),
    );
    changed = putComponent(changed, view, withTables(component, kept));
  }
  return changed;
}
