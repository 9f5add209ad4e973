import type { Key } from "../../storage/store.js";
import type { Table } from "../records/catalog.js";
import { nonexistent } from "../records/checks.js";
import {
  insertDocument,
  readDocument,
  removeDocument,
  updateDocument,
  type Fields,
} from "../records/documents.js";
import { newRawId } from "../values/ids.js";
import type { PendingView } from "../records/view.js";

interface Access {
  table(component: string, name: string): Table;
  tableOfId(component: string, id: string): { target: Table; raw: Key };
  nextCreationTime(): number;
}

/**
 * Writes of the engine itself to tables such as `_scheduled_functions`: in the same transaction,
 * but without a schema and not counted as the function's own.
 */
export class SystemTables {
  readonly #view: PendingView;
  readonly #access: Access;

  constructor(view: PendingView, access: Access) {
    this.#view = view;
    this.#access = access;
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
    const before = readDocument(this.#view, target, raw);
    if (before === null) {
      throw nonexistent("Update", id);
    }
    updateDocument(this.#view, target, raw, before, next(before.value));
  }
}
