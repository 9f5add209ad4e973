import { setImmediate as nextTurn } from "node:timers/promises";
import type { JSONValue, ValidatorJSON } from "convex/values";
import type { Table } from "../records/catalog.js";
import type { Database } from "../database.js";
import { BUILD_BATCH, FILL_AT_ONCE } from "./indexFill.js";
import { parseSchema } from "./schemaDefinition.js";
import type { Transaction } from "../transactions/transaction.js";
import type { CommitWrites } from "../types.js";
import { describeMismatch } from "../values/validators.js";

/** Number of documents written since the check above which all are checked again. */
const MAX_WRITTEN = 100_000;

interface Checked {
  readonly component: string;
  readonly table: string;
  readonly validator: string;
  /** Ids of the documents that commits have written since the check began. */
  readonly written: Set<string>;
  /** Whether all documents not written since were found to fit. */
  isWhole: boolean;
}

/**
 * The documents of large tables, checked against the schema of a push ahead of its transaction,
 * some at a time. The transaction, which holds up everything else, then checks only the documents
 * written meanwhile. A document that does not fit is left for the transaction to find and name.
 */
export class CheckedDocuments {
  readonly #database: Database;
  /** Checks by the table's id, which changes when an import replaces the table. */
  readonly #tables = new Map<number, Checked>();
  readonly #stopListening: () => void;

  constructor(database: Database) {
    this.#database = database;
    this.#stopListening = database.onCommit(({ writes }) => this.#note(writes));
  }

  /**
   * Settles when all documents were checked about which the schema says something new, or at
   * `signal`.
   */
  async check(
    component: string,
    schemaJson: JSONValue,
    signal: AbortSignal,
  ): Promise<void> {
    const { schemaValidation, tables } = parseSchema(schemaJson);
    if (!schemaValidation) return;
    for (const { name, validator } of tables) {
      const wanted = JSON.stringify(validator);
      const table = this.#read((tx) => toCheck(tx, component, name, wanted));
      if (table === undefined) continue;
      const checked: Checked = {
        component,
        table: name,
        validator: wanted,
        written: new Set(),
        isWhole: false,
      };
      this.#tables.set(table.id, checked);
      checked.isWhole = await this.#checkTable(table, validator, signal);
    }
  }

  /**
   * Ids of the documents that the transaction has to check against the table's validator; null:
   * all.
   */
  remaining({ id, validator }: Table): ReadonlySet<string> | null {
    const checked = this.#tables.get(id);
    return checked?.isWhole === true &&
      checked.validator === JSON.stringify(validator)
      ? checked.written
      : null;
  }

  close(): void {
    this.#stopListening();
    this.#tables.clear();
  }

  async #checkTable(
    { component, name }: Table,
    validator: ValidatorJSON,
    signal: AbortSignal,
  ): Promise<boolean> {
    let cursor: string | null = null;
    while (!signal.aborted) {
      const from: string | null = cursor;
      const batch = this.#read((tx) => {
        const { page, ...rest } = tx.queryPage(component, {
          query: {
            source: { type: "FullTableScan", tableName: name, order: null },
            operators: [],
          },
          cursor: from,
          pageSize: BUILD_BATCH.documents,
          maximumBytesRead: BUILD_BATCH.characters,
        });
        const allFit = page.every(({ value }) => {
          const { _id, _creationTime, ...fields } = value;
          const tableName = (number: number) => tx.tableName(component, number);
          return describeMismatch(validator, fields, tableName) === null;
        });
        return { allFit, ...rest };
      });
      if (!batch.allFit || batch.isDone) return batch.allFit;
      cursor = batch.continueCursor;
      await nextTurn();
    }
    return false;
  }

  #note(writes: CommitWrites): void {
    if (this.#tables.size === 0) return;
    const { documents } = writes;
    for (const [tableId, checked] of this.#tables) {
      for (const { component, table, id } of documents) {
        if (component === checked.component && table === checked.table)
          checked.written.add(id);
      }
      if (checked.written.size > MAX_WRITTEN) this.#tables.delete(tableId);
    }
  }

  #read<T>(use: (tx: Transaction) => T): T {
    const tx = this.#database.read();
    try {
      return use(tx);
    } finally {
      tx.release();
    }
  }
}

/**
 * The table, if the schema says something new about it and it is large; the transaction itself
 * checks a small one.
 */
function toCheck(
  tx: Transaction,
  component: string,
  name: string,
  validator: string,
): Table | undefined {
  const table = tx.table(component, name);
  if (table === undefined) return undefined;
  const isKnown =
    tx.component(component).schemaValidation &&
    JSON.stringify(table.validator) === validator;
  const isLarge = tx.count(component, name) > FILL_AT_ONCE;
  return isLarge && !isKnown ? table : undefined;
}
