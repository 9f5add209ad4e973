import type { JSONValue } from "convex/values";
import { prefixEnd } from "../../storage/store.js";
import { EmbeddedError } from "../../errors.js";
import {
  componentOf,
  definitionOf,
  headsOf,
  keptIndex,
  readyIndexes,
  tableNameOf,
  withTables,
  type AnyIndex,
  type Catalog,
  type IndexDefinition,
  type Table,
} from "../records/catalog.js";
import {
  ensureTable,
  indexRecord,
  makeTable,
  putComponent,
  tableRecord,
} from "../records/catalogRecords.js";
import { decodeArgument } from "../records/checks.js";
import { addIndexEntries, Document } from "../records/documents.js";
import { retire } from "../records/retired.js";
import { parseSchema, type SchemaDefinition } from "./schemaDefinition.js";
import type { Transaction } from "../transactions/transaction.js";
import { describeMismatch } from "../values/validators.js";
import type { PendingView } from "../records/view.js";

/** An index of a table. */
export type IndexDescriptor = { table: string } & IndexDefinition;

export interface IndexDiff {
  added: IndexDescriptor[];
  removed: IndexDescriptor[];
}

/** Refusal of a stored document that does not fit the pushed schema. */
class SchemaViolation extends EmbeddedError {
  constructor(
    readonly component: string,
    readonly table: string,
    readonly documentId: string,
    mismatch: string,
  ) {
    const where = component === "" ? "" : ` (in component "${component}")`;
    super(
      "schemaViolation",
      `Document with ID "${documentId}" in table "${table}"${where} does not match the schema: ${mismatch}`,
    );
  }
}

/**
 * Makes `schemaJson` (the parsed `schema.export()`, or null for none) the schema of a component:
 * makes its tables, fills new indexes, retires dropped ones and checks stored documents against
 * what changed. Throws {@link SchemaViolation} or "schemaInvalid"; the
 * transaction must then be dropped.
 * @param built ids of indexes that `buildIndexes` has filled for this schema
 * @param remaining ids of the documents of a table to check; null: all
 */
export function applySchema(
  tx: Transaction,
  component: string,
  schemaJson: JSONValue,
  built: ReadonlySet<number> = new Set(),
  remaining: (table: Table) => ReadonlySet<string> | null = () => null,
): IndexDiff {
  const schema = parseSchema(schemaJson);
  return tx.changeCatalog((catalog, view) => {
    const before = componentOf(catalog, component);
    const changed = withSchema(catalog, view, component, schema, built);
    const after = componentOf(changed, component);
    const diff: IndexDiff = { added: [], removed: [] };
    for (const table of after.tables.values()) {
      const old = before.tables.get(table.name);
      changeIndexes(view, old, table, diff, built);
      const mustCheck =
        schema.schemaValidation &&
        (!before.schemaValidation ||
          JSON.stringify(old?.validator ?? null) !==
            JSON.stringify(table.validator));
      if (mustCheck) {
        checkDocuments(changed, view, table, remaining(table));
      }
    }
    return { catalog: changed, result: diff };
  });
}

/** The catalog with the schema's tables; indexes that stay keep their entries. */
function withSchema(
  catalog: Catalog,
  view: PendingView,
  path: string,
  schema: SchemaDefinition,
  built: ReadonlySet<number>,
): Catalog {
  let changed = catalog;
  for (const { name } of schema.tables) {
    changed = ensureTable(changed, view, path, name).catalog;
  }
  let { nextIndexId } = changed;
  const component = componentOf(changed, path);
  const definitions = new Map(
    schema.tables.map((table) => [table.name, table]),
  );
  const tables = [...component.tables.values()].map((table) => {
    if (table.isSystem) {
      return table;
    }
    const definition = definitions.get(table.name);
    const ready = table.building.filter(({ id }) => built.has(id!));
    return makeTable(path, {
      ...tableRecord(table),
      validator: definition?.validator ?? null,
      indexes: (definition?.indexes ?? []).map((index) => ({
        ...index,
        id:
          keptIndex(readyIndexes(table), index)?.id ??
          keptIndex(ready, index)?.id ??
          nextIndexId++,
      })),
      stagedNames: (definition?.staged ?? []).map(({ name }) => name),
      building: table.building
        .filter((index) => !ready.includes(index))
        .map(indexRecord),
    });
  });
  return putComponent(
    { ...changed, nextIndexId },
    view,
    withTables(
      { ...component, schemaValidation: schema.schemaValidation },
      tables,
    ),
  );
}

function changeIndexes(
  view: PendingView,
  before: Table | undefined,
  table: Table,
  diff: IndexDiff,
  built: ReadonlySet<number>,
): void {
  const describe = (index: AnyIndex): IndexDescriptor => ({
    table: table.name,
    ...definitionOf(index),
  });
  const oldIndexes = before === undefined ? [] : readyIndexes(before);
  const newIndexes = readyIndexes(table);
  const oldIds = new Set(oldIndexes.map(({ id }) => id));
  const newIds = new Set(newIndexes.map(({ id }) => id));
  const added = newIndexes.filter(({ id }) => !oldIds.has(id));
  const removed = oldIndexes.filter(({ id }) => !newIds.has(id));
  diff.removed.push(...removed.map(describe));
  diff.added.push(...added.map(describe));
  // Indexes that were built but are not in the schema after all are dropped too.
  const unused =
    before?.building.filter(({ id }) => built.has(id!) && !newIds.has(id)) ??
    [];
  for (const head of [...removed, ...unused].flatMap(headsOf)) {
    retire(view, head);
  }
  const empty = added.filter(({ id }) => !built.has(id!));
  if (empty.length > 0) fill(view, table, empty);
}

function fill(view: PendingView, table: Table, indexes: AnyIndex[]): void {
  for (const { key, value } of view.frozen().range(everything(table.head))) {
    addIndexEntries(view, indexes, key, value);
  }
}

function checkDocuments(
  catalog: Catalog,
  view: PendingView,
  table: Table,
  ids: ReadonlySet<string> | null,
): void {
  const { component, name, validator } = table;
  if (validator === null) {
    return;
  }
  for (const value of textsOf(view, table, ids)) {
    const { _id, _creationTime, ...fields } = new Document(value).value;
    const mismatch = describeMismatch(validator, fields, (number) =>
      tableNameOf(catalog, component, number),
    );
    if (mismatch !== null) {
      throw new SchemaViolation(component, name, _id as string, mismatch);
    }
  }
}

/** Stored texts of a table's documents: of the given ids that exist, or of all. */
function* textsOf(
  view: PendingView,
  { head }: Table,
  ids: ReadonlySet<string> | null,
): Iterable<string> {
  if (ids === null) {
    for (const { value } of view.range(everything(head))) yield value;
    return;
  }
  for (const id of ids) {
    const { raw } = decodeArgument("schema check", id);
    const value = view.get(head + raw);
    if (value !== undefined) yield value;
  }
}

function everything(head: string): { lower: string; upper: string } {
  return { lower: head, upper: prefixEnd(head) };
}
