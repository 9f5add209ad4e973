import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import {
  componentOf,
  tableNameOf,
  type Catalog,
  type Component,
  type Table,
} from "../records/catalog.js";
import { checkNoSystemFields } from "../records/checks.js";
import {
  insertDocument,
  readDocument,
  type Fields,
} from "../records/documents.js";
import { decodeId, newRawId } from "../values/ids.js";
import type { Key } from "../../storage/store.js";
import type { StagedTable } from "./staging.js";
import type { Transaction } from "../transactions/transaction.js";
import { describeMismatch } from "../values/validators.js";
import { encodeFloat64 } from "../values/valueEncoding.js";
import type { PendingView } from "../records/view.js";

/** Destination of imported documents: a staged table, or one that is in use. */
export type ImportTarget =
  | { readonly kind: "staged"; readonly table: StagedTable }
  | {
      readonly kind: "live";
      readonly component: string;
      readonly name: string;
    };

/** The kind of ids that a table's documents have in an import. */
export interface ImportedIds {
  /** Number of the table in the ids; undefined when no document has an id. */
  readonly number: number | undefined;
  /** Whether some ids do not begin with their document's creation time. */
  readonly areForeign: boolean;
}

/** Reads a document's `_id` and `_creationTime`; throws where they cannot be kept. */
export function inspectIds(fields: Fields): ImportedIds {
  const { _id: id, _creationTime: time } = fields;
  if (time !== undefined && typeof time !== "number") {
    throw invalid(
      `_creationTime must be a number, not ${JSON.stringify(time)}`,
    );
  }
  if (id === undefined) return { number: undefined, areForeign: false };
  const { tableNumber, raw } = decode(id);
  return {
    number: tableNumber,
    areForeign: time === undefined || !raw.startsWith(encodeFloat64(time)),
  };
}

/**
 * Writes documents with the ids and creation times they come with. `staged` are all tables of the
 * import, which give the numbers in ids their meaning once it has ended.
 */
export function insertImported(
  tx: Transaction,
  target: ImportTarget,
  documents: readonly Fields[],
  staged: readonly StagedTable[],
): void {
  tx.changeCatalog((catalog, view) => {
    const { component, table } = resolve(catalog, target);
    const nameOf = namesAfter(catalog, component, staged);
    for (const document of documents) {
      insert(view, component, table, document, nameOf, () =>
        tx.nextCreationTime(),
      );
    }
    return { catalog, result: undefined };
  });
}

function insert(
  view: PendingView,
  component: Component,
  table: Table,
  document: Fields,
  nameOf: (number: number) => string | undefined,
  nextCreationTime: () => number,
): void {
  const { _id: id, _creationTime, ...fields } = document;
  checkNoSystemFields(fields);
  if (component.schemaValidation && table.validator !== null) {
    const mismatch = describeMismatch(table.validator, fields, nameOf);
    if (mismatch !== null) {
      throw new EmbeddedError(
        "schemaViolation",
        `A document of table "${table.name}" does not match the schema: ${mismatch}`,
      );
    }
  }
  const creationTime =
    (_creationTime as number | undefined) ?? nextCreationTime();
  const rawId = id === undefined ? newRawId(creationTime) : keptId(table, id);
  if (readDocument(view, table, rawId) !== null) {
    throw invalid(
      `table "${table.name}" already has a document with the id ${JSON.stringify(id)}`,
    );
  }
  if (
    table.byCreationTime.id === null &&
    !rawId.startsWith(encodeFloat64(creationTime))
  ) {
    throw invalid(
      `the id ${JSON.stringify(id)} is another deployment's, and table "${table.name}" has documents with ids of this one; import it with --replace, not --append`,
    );
  }
  insertDocument(view, table, rawId, creationTime, fields);
}

function keptId(table: Table, id: JSONValue): Key {
  const { tableNumber, raw } = decode(id);
  if (tableNumber === table.number) return raw;
  throw invalid(
    `the id ${JSON.stringify(id)} is of the table with the number ${tableNumber}, and table "${table.name}" has the number ${table.number}`,
  );
}

function decode(id: JSONValue) {
  const decoded =
    typeof id === "string" ? decodeId(id) : { problem: "it is no string" };
  if ("problem" in decoded) {
    throw invalid(
      `${JSON.stringify(id)} is no document id: ${decoded.problem}`,
    );
  }
  return decoded;
}

function resolve(
  catalog: Catalog,
  target: ImportTarget,
): { component: Component; table: Table } {
  const [path, find] =
    target.kind === "staged"
      ? ([
          target.table.component,
          (c: Component) => c.staged.find(({ id }) => id === target.table.id),
        ] as const)
      : ([
          target.component,
          (c: Component) => c.tables.get(target.name),
        ] as const);
  const component = componentOf(catalog, path);
  const table = find(component);
  if (table !== undefined) return { component, table };
  throw invalid("the table it goes to is gone: another import replaced it");
}

function namesAfter(
  catalog: Catalog,
  { path }: Component,
  staged: readonly StagedTable[],
): (number: number) => string | undefined {
  const own = staged.filter(({ component }) => component === path);
  const coming = new Map(own.map(({ number, name }) => [number, name]));
  const replaced = new Set(own.map(({ name }) => name));
  return (number) => {
    const name = coming.get(number);
    if (name !== undefined) return name;
    const current = tableNameOf(catalog, path, number);
    return current === undefined || replaced.has(current) ? undefined : current;
  };
}

function invalid(problem: string): EmbeddedError {
  return new EmbeddedError("invalidValue", `Cannot be imported: ${problem}.`);
}
