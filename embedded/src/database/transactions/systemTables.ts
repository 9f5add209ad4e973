import { prefixEnd, type Key } from "../../storage/store.js";
import { justAfter } from "../queries/indexScan.js";
import type { Table } from "../records/catalog.js";
import { nonexistent } from "../records/checks.js";
import {
  Document,
  insertDocument,
  readDocument,
  removeDocument,
  updateDocument,
  type Fields,
} from "../records/documents.js";
import { decodeId, newRawId } from "../values/ids.js";
import type { PendingView } from "../records/view.js";
import type { DocumentReads } from "./documentReads.js";

interface Access {
  /** The table, made if there is none yet. */
  table(component: string, name: string): Table;
  find(component: string, name: string): Table | undefined;
  tableOfId(component: string, id: string): { target: Table; raw: Key };
  reads: DocumentReads;
  /** Takes in the key of a document that is read. */
  noteRead(key: Key): void;
  nextCreationTime(): number;
}

/**
 * The engine's own access to tables such as `_scheduled_functions`: in the same transaction, but
 * without a schema and not counted as the function's own. Rows have the fields that functions do
 * not see.
 */
export class SystemTables {
  readonly #view: PendingView;
  readonly #access: Access;

  constructor(view: PendingView, access: Access) {
    this.#view = view;
    this.#access = access;
  }

  /** Reads a row of a table by its id; null if there is none. */
  get(component: string, tableName: string, id: string): Fields | null {
    const table = this.#access.find(component, tableName);
    const decoded = decodeId(id);
    if (table === undefined || "problem" in decoded) {
      this.#access.reads.tablesOf(component);
      return null;
    }
    return decoded.tableNumber === table.number
      ? (this.#access.reads.document(table, decoded.raw)?.value ?? null)
      : null;
  }

  /** Reads the row with a value in a hidden field; null if there is none. */
  findBy(
    component: string,
    tableName: string,
    field: string,
    value: string,
  ): Fields | null {
    const table = this.#access.find(component, tableName);
    if (table === undefined) {
      this.#access.reads.tablesOf(component);
      return null;
    }
    const id = this.#access.reads.findHidden(table, field, value);
    return id === null ? null : this.get(component, tableName, id);
  }

  /** Rows of a table after the one with an id, in the order of their ids; not counted as read. */
  page(
    component: string,
    tableName: string,
    afterId: string | null,
    limit: number,
  ): Fields[] {
    const table = this.#access.find(component, tableName);
    if (table === undefined) return [];
    const { head } = table;
    const after = afterId === null ? undefined : decodeId(afterId);
    const lower =
      after === undefined || "problem" in after
        ? head
        : justAfter(head + after.raw);
    const rows: Fields[] = [];
    const range = { lower, upper: prefixEnd(head) };
    for (const { value } of this.#view.frozen().range(range)) {
      rows.push(new Document(value).value);
      if (rows.length === limit) break;
    }
    return rows;
  }

  insert(component: string, table: string, fields: Fields): string {
    const target = this.#access.table(component, table);
    const creationTime = this.#access.nextCreationTime();
    const rawId = newRawId(creationTime);
    return insertDocument(this.#view, target, rawId, creationTime, fields).id;
  }

  patch(component: string, id: string, changes: Fields): void {
    this.#update(component, id, (current) => ({ ...current, ...changes }));
  }

  remove(component: string, id: string): void {
    const { target, raw } = this.#access.tableOfId(component, id);
    this.#access.noteRead(target.head + raw);
    const document = readDocument(this.#view, target, raw);
    if (document === null) {
      throw nonexistent("Delete", id);
    }
    removeDocument(this.#view, target, raw, document);
  }

  #update(
    component: string,
    id: string,
    next: (current: Fields) => Fields,
  ): void {
    const { target, raw } = this.#access.tableOfId(component, id);
    this.#access.noteRead(target.head + raw);
    const before = readDocument(this.#view, target, raw);
    if (before === null) {
      throw nonexistent("Update", id);
    }
    updateDocument(this.#view, target, raw, before, next(before.value));
  }
}
