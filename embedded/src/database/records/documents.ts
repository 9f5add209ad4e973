import type { JSONValue } from "convex/values";
import type { Key } from "../../storage/store.js";
import { hiddenFields, type AnyIndex, type Table } from "./catalog.js";
import { addContent, moveContent } from "./contentRows.js";
import { measureDocument, type Measure } from "../values/documentSize.js";
import { encodeId } from "../values/ids.js";
import { indexKey, storedEntry } from "./indexEntry.js";
import { HEAD_BYTES, rowCountKey } from "./keyspace.js";
import type { StoredDocument } from "../types.js";
import type { PendingView, View } from "./view.js";

/**
 * Stored form of a document: its size as Convex counts it, then its Convex JSON. Most reads pass
 * the text on and never parse it.
 */
export class Document implements StoredDocument {
  readonly #stored: string;
  readonly #jsonStart: number;
  #value: Record<string, JSONValue> | undefined;

  constructor(stored: string) {
    this.#stored = stored;
    this.#jsonStart = stored.indexOf("{");
  }

  get json(): string {
    return this.#stored.slice(this.#jsonStart);
  }

  get value(): Record<string, JSONValue> {
    this.#value ??= JSON.parse(this.json) as Record<string, JSONValue>;
    return this.#value;
  }

  get size(): number {
    return Number(this.#stored.slice(0, this.#jsonStart));
  }
}

export type Fields = Record<string, JSONValue>;

export function readDocument(
  view: View,
  table: Table,
  rawId: Key,
): Document | null {
  const stored = view.get(table.head + rawId);
  return stored === undefined ? null : new Document(stored);
}

/** The document as functions see it: without the fields that a system table hides. */
export function shown({ isSystem, name }: Table, document: Document): Document {
  if (!isSystem) return document;
  const hidden = hiddenFields(name);
  if (hidden.length === 0) return document;
  const fields = { ...document.value };
  for (const field of hidden) delete fields[field];
  return new Document(`${document.size}${JSON.stringify(fields)}`);
}

/** Writes a new document with its index entries. */
export function insertDocument(
  view: PendingView,
  table: Table,
  rawId: Key,
  creationTime: number,
  fields: Fields,
): Measure & { id: string } {
  const id = encodeId(table.number, rawId);
  const document = { _creationTime: creationTime, _id: id, ...fields };
  const measured = put(view, table, rawId, document);
  for (const index of table.written) {
    const { key, value } = storedEntry(indexKey(index, document, rawId));
    view.set(key, value);
  }
  addContent(view, table.writtenContent, rawId, document, true);
  addToRowCount(view, table, 1);
  return { id, ...measured };
}

/** Overwrites a document, touching only index entries whose key changes. */
export function updateDocument(
  view: PendingView,
  table: Table,
  rawId: Key,
  before: Document,
  document: Fields,
): Measure {
  const measured = put(view, table, rawId, document);
  moveIndexEntries(view, table, rawId, before.value, document);
  return measured;
}

/**
 * Writes a stored document's entries in some of its table's indexes.
 * @returns the number of entries
 */
export function addIndexEntries(
  view: PendingView,
  indexes: readonly AnyIndex[],
  key: Key,
  stored: string,
): number {
  const fields = new Document(stored).value;
  const rawId = key.slice(HEAD_BYTES);
  let entries = 0;
  for (const index of indexes) {
    if (index.kind !== "database") {
      entries += addContent(view, [index], rawId, fields, false);
      continue;
    }
    const entry = storedEntry(indexKey(index, fields, rawId));
    view.set(entry.key, entry.value);
    entries += 1;
  }
  return entries;
}

/** Moves the index entries of a changed document to their new keys. */
export function moveIndexEntries(
  view: PendingView,
  table: Table,
  rawId: Key,
  before: Fields,
  after: Fields,
): void {
  for (const index of table.written) {
    const oldKey = indexKey(index, before, rawId);
    const newKey = indexKey(index, after, rawId);
    if (oldKey !== newKey) {
      view.set(storedEntry(oldKey).key, null);
      const { key, value } = storedEntry(newKey);
      view.set(key, value);
    }
  }
  moveContent(view, table, rawId, before, after);
}

export function removeDocument(
  view: PendingView,
  table: Table,
  rawId: Key,
  before: Document,
): void {
  view.set(table.head + rawId, null);
  for (const index of table.written) {
    view.set(storedEntry(indexKey(index, before.value, rawId)).key, null);
  }
  moveContent(view, table, rawId, before.value, null);
  addToRowCount(view, table, -1);
}

/** Number of a table's documents, kept beside them, so that counting never scans them. */
export function rowCount(view: View, table: Table): number {
  return Number(view.get(rowCountKey(table.id)) ?? 0);
}

function addToRowCount(view: PendingView, table: Table, change: number): void {
  view.set(rowCountKey(table.id), String(rowCount(view, table) + change));
}

function put(
  view: PendingView,
  table: Table,
  rawId: Key,
  document: Fields,
): Measure {
  const measured = measureDocument(document);
  view.set(table.head + rawId, `${measured.size}${JSON.stringify(document)}`);
  return measured;
}
