import type { JSONValue } from "convex/values";
import type { Key } from "../../storage/store.js";
import {
  documentRowKey,
  filterRow,
  placeOf,
  termKeys,
  textOf,
  textRows,
  type Row,
} from "../search/rows.js";
import type { SearchIndex } from "../search/searchIndex.js";
import { fieldValue } from "../values/fieldPath.js";
import { vectorRow } from "../vectors/rows.js";
import type { VectorIndex } from "../vectors/vectorIndex.js";
import type { ContentIndex, Table } from "./catalog.js";
import type { PendingView } from "./view.js";

type Fields = Record<string, JSONValue>;

/**
 * Adds a document's rows in indexes by content.
 * @param isNew - whether the indexes cannot have them yet; else a build may meet rows that a write
 *   has put there meanwhile
 * @returns the number of rows
 */
export function addContent(
  view: PendingView,
  indexes: readonly ContentIndex[],
  rawId: Key,
  fields: Fields,
  isNew: boolean,
): number {
  let rows = 0;
  for (const index of indexes) {
    for (const row of rowsOf(index, fields, rawId)) {
      put(view, row, isNew);
      rows += 1;
    }
  }
  return rows;
}

/** Moves a changed document's rows; of a new version null: removes them. */
export function moveContent(
  view: PendingView,
  { writtenContent, building }: Table,
  rawId: Key,
  before: Fields,
  after: Fields | null,
): void {
  for (const index of writtenContent) {
    const isWhole = !building.includes(index);
    const gone = new Map<Key, Row>();
    const coming: Row[] = [];
    for (const row of rowsOf(index, before, rawId, after)) {
      gone.set(row.key, row);
    }
    for (const row of after === null
      ? []
      : rowsOf(index, after, rawId, before)) {
      if (gone.get(row.key)?.value === row.value) gone.delete(row.key);
      else coming.push(row);
    }
    for (const row of gone.values()) drop(view, row, isWhole);
    for (const row of coming) put(view, row, isWhole);
  }
}

/**
 * The keys by which a build tells that it has met a document. A write to one that is not met yet
 * leaves its old rows to nobody, so it must not commit beside the build's commit that does meet it.
 */
export function buildKeys(
  { building }: Table,
  rawId: Key,
  fields: Fields,
): Key[] {
  return building.flatMap((index) =>
    index.kind === "search"
      ? [documentRowKey(index, placeOf(index, fields, rawId))]
      : [],
  );
}

/**
 * Where readers of a search index meet a commit without a write of its own there: a document whose
 * filter fields changed, and its text did not, is found by other searches than before.
 * @param wrote - whether the commit wrote a key of the index
 * @param fields - the document as it is now
 */
export function movedByFilters(
  index: SearchIndex,
  wrote: (key: Key) => boolean,
  fields: Fields,
  rawId: Key,
): Key[] {
  const place = placeOf(index, fields, rawId);
  const isMoved = index.filterPaths.some((_, field) =>
    wrote(filterRow(index, field, fields, place).key),
  );
  return isMoved ? termKeys(index, fields, rawId) : [];
}

/** A document's rows; with another version of it, at least those that differ. */
function rowsOf(
  index: ContentIndex,
  fields: Fields,
  rawId: Key,
  other: Fields | null = null,
): Iterable<Row> {
  return index.kind === "search"
    ? searchRows(index, fields, rawId, other)
    : vectorRows(index, fields, rawId);
}

function* searchRows(
  index: SearchIndex,
  fields: Fields,
  rawId: Key,
  other: Fields | null,
): Iterable<Row> {
  const place = placeOf(index, fields, rawId);
  const text = textOf(index, fields);
  if (other === null || textOf(index, other) !== text) {
    yield* textRows(index, text, place);
  }
  for (const [field, path] of index.filterPaths.entries()) {
    const value = fieldValue(fields, path);
    const isSame =
      other !== null &&
      (value === undefined || typeof value !== "object") &&
      fieldValue(other, path) === value;
    if (!isSame) yield filterRow(index, field, fields, place);
  }
}

function vectorRows(index: VectorIndex, fields: Fields, rawId: Key): Row[] {
  const row = vectorRow(index, fields, rawId);
  return row === null ? [] : [row];
}

function put(
  view: PendingView,
  { key, value, count }: Row,
  isMissing: boolean,
): void {
  if (!isMissing && view.get(key) !== undefined) return;
  view.set(key, value);
  if (count !== undefined) addToCount(view, count.key, count.amount);
}

function drop(view: PendingView, { key, count }: Row, isThere: boolean): void {
  if (!isThere && count !== undefined && view.get(key) === undefined) return;
  view.set(key, null);
  if (count !== undefined) addToCount(view, count.key, -count.amount);
}

function addToCount(view: PendingView, key: Key, change: number): void {
  const count = Number(view.get(key) ?? 0) + change;
  view.set(key, count === 0 ? null : String(count));
}
