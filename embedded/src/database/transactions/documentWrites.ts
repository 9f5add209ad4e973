import type { JSONValue } from "convex/values";
import type { Key } from "../../storage/store.js";
import type { Table } from "../records/catalog.js";
import {
  checkFields,
  checkIsSystem,
  checkNoSystemFields,
  checkOwnFields,
  checkTable,
  isUndefined,
  nonexistent,
} from "../records/checks.js";
import { buildKeys } from "../records/contentRows.js";
import type { DocumentReads } from "./documentReads.js";
import {
  insertDocument,
  removeDocument,
  updateDocument,
  type Fields,
} from "../records/documents.js";
import { encodeId, newRawId } from "../values/ids.js";
import type { TransactionMetrics } from "../metrics.js";
import type { Tables } from "./tables.js";
import type { PendingView } from "../records/view.js";

const REMOVED = { size: 0, nesting: 0 };

/**
 * Writes of a function to documents, by Convex's rules; every write reads the document it changes.
 */
export class DocumentWrites {
  readonly #view: PendingView;
  readonly #tables: Tables;
  readonly #reads: DocumentReads;
  readonly #metrics: TransactionMetrics;
  readonly #nextCreationTime: () => number;

  constructor(parts: {
    view: PendingView;
    tables: Tables;
    reads: DocumentReads;
    metrics: TransactionMetrics;
    nextCreationTime: () => number;
  }) {
    this.#view = parts.view;
    this.#tables = parts.tables;
    this.#reads = parts.reads;
    this.#metrics = parts.metrics;
    this.#nextCreationTime = parts.nextCreationTime;
  }

  insert(component: string, table: string, fields: Fields): string {
    checkIsSystem(table, false);
    checkFields("db.insert", fields);
    const target = this.#tables.ensure(component, table);
    const creationTime = this.#nextCreationTime();
    const raw = newRawId(creationTime);
    if ("_id" in fields || "_creationTime" in fields) {
      const _id = encodeId(target.number, raw);
      checkOwnFields(fields, { _id, _creationTime: creationTime });
    }
    checkNoSystemFields(fields);
    this.#tables.checkSchema(target, fields);
    const inserted = insertDocument(
      this.#view,
      target,
      raw,
      creationTime,
      fields,
    );
    this.#metrics.countWrite(inserted.id, inserted);
    return inserted.id;
  }

  patch(
    component: string,
    id: string,
    changes: Fields,
    table: string | undefined,
  ): void {
    this.#update("db.patch", component, id, table, changes, (current) => {
      const fields = { ...current };
      for (const [name, value] of Object.entries(changes)) {
        if (isUndefined(value)) {
          delete fields[name];
        } else {
          fields[name] = value;
        }
      }
      return fields;
    });
  }

  replace(
    component: string,
    id: string,
    fields: Fields,
    table: string | undefined,
  ): void {
    this.#update("db.replace", component, id, table, fields, () => fields);
  }

  remove(component: string, id: string, table: string | undefined): void {
    const { target, raw } = this.#resolve("db.delete", component, id, table);
    const document = this.#reads.document(target, raw);
    if (document === null) {
      throw nonexistent("Delete", id);
    }
    this.#metrics.countWrite(id, REMOVED);
    this.#tables.noteKeys(buildKeys(target, raw, document.value));
    removeDocument(this.#view, target, raw, document);
  }

  #update(
    operation: "db.patch" | "db.replace",
    component: string,
    id: string,
    table: string | undefined,
    input: Fields,
    next: (current: Fields) => Fields,
  ): void {
    checkFields(operation, input);
    const { target, raw } = this.#resolve(operation, component, id, table);
    const before = this.#reads.document(target, raw);
    if (before === null) {
      throw nonexistent(operation === "db.patch" ? "Update" : "Replace", id);
    }
    const written = next(before.value);
    const own = {
      _creationTime: before.value["_creationTime"] as JSONValue,
      _id: before.value["_id"] as JSONValue,
    };
    checkOwnFields(written, own);
    const { _id, _creationTime, ...fields } = written;
    checkNoSystemFields(fields);
    this.#tables.checkSchema(target, fields);
    const document = { ...own, ...fields };
    this.#tables.noteKeys(buildKeys(target, raw, document));
    this.#metrics.countWrite(
      id,
      updateDocument(this.#view, target, raw, before, document),
    );
  }

  #resolve(
    operation: string,
    component: string,
    id: string,
    table: string | undefined,
  ): { target: Table; raw: Key } {
    const resolved = this.#tables.resolve(operation, component, id);
    checkTable(operation, resolved.target.name, table);
    checkIsSystem(resolved.target.name, false);
    return resolved;
  }
}
