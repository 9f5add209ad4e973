import { EmbeddedError } from "../../errors.js";
import type { Key } from "../../storage/store.js";
import {
  findTable,
  tableNameOf,
  tableNumberOf,
  type Catalog,
  type Table,
} from "../records/catalog.js";
import { ensureTable } from "../records/catalogRecords.js";
import { decodeArgument, invalidId } from "../records/checks.js";
import type { Fields } from "../records/documents.js";
import { decodeId } from "../values/ids.js";
import { describeMismatch } from "../values/validators.js";
import type { EngineReads } from "./engineReads.js";
import type { PendingView } from "../records/view.js";

/** The catalog as one transaction sees and changes it. */
export class Tables {
  readonly #view: PendingView;
  readonly #reads: EngineReads | null;
  catalog: Catalog;

  /** @param reads - takes in whose tables are looked up; null where nobody asks */
  constructor(catalog: Catalog, view: PendingView, reads: EngineReads | null) {
    this.catalog = catalog;
    this.#view = view;
    this.#reads = reads;
  }

  find(component: string, name: string): Table | undefined {
    this.#reads?.components.add(component);
    return findTable(this.catalog, component, name);
  }

  /** Notes keys that the transaction depends on. */
  noteKeys(keys: readonly Key[]): void {
    for (const key of keys) this.#reads?.keys.add(key);
  }

  /** The table, made if there is none yet. */
  ensure(component: string, name: string): Table {
    this.#reads?.components.add(component);
    const { catalog, table } = ensureTable(
      this.catalog,
      this.#view,
      component,
      name,
    );
    this.catalog = catalog;
    return table;
  }

  nameOf(component: string, tableNumber: number): string | undefined {
    this.#reads?.components.add(component);
    return tableNameOf(this.catalog, component, tableNumber);
  }

  /** The table that an id argument belongs to, which must exist. */
  resolve(
    operation: string,
    component: string,
    id: string,
  ): { target: Table; raw: Key } {
    const { tableNumber, raw } = decodeArgument(operation, id);
    const name = this.nameOf(component, tableNumber);
    const target = name === undefined ? undefined : this.find(component, name);
    if (target === undefined) {
      throw invalidId(operation, `Table for ID "${id}" not found.`);
    }
    return { target, raw };
  }

  owns(component: string, table: string, id: string): boolean {
    this.#reads?.components.add(component);
    const decoded = decodeId(id);
    return (
      !("problem" in decoded) &&
      decoded.tableNumber === tableNumberOf(this.catalog, component, table)
    );
  }

  checkSchema({ component, name, validator }: Table, fields: Fields): void {
    const { schemaValidation } = this.catalog.components.get(component) ?? {};
    if (validator === null || schemaValidation !== true) {
      return;
    }
    const mismatch = describeMismatch(validator, fields, (number) =>
      this.nameOf(component, number),
    );
    if (mismatch !== null) {
      throw new EmbeddedError(
        "schemaViolation",
        `Failed to insert or update a document in table "${name}" because it does not ` +
          `match the schema: ${mismatch}`,
      );
    }
  }
}
