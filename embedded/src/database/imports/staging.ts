import type { JSONValue, ValidatorJSON } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import {
  componentOf,
  definitionOf,
  headsOf,
  readyIndexes,
  SYSTEM_TABLES,
  withTables,
  IDENTIFIER,
  type Catalog,
  type Component,
  type Table,
} from "../records/catalog.js";
import {
  hiddenIndexes,
  indexRecord,
  makeTable,
  putComponent,
} from "../records/catalogRecords.js";
import { rowCount } from "../records/documents.js";
import { rowCountKey } from "../records/keyspace.js";
import { retire, retireDocuments } from "../records/retired.js";
import type { Transaction } from "../transactions/transaction.js";
import type { PendingView } from "../records/view.js";

/** A table that an import fills beside the one whose place it will take. */
export interface StagedTable {
  readonly component: string;
  readonly name: string;
  /** Id of the table, unique in the store. */
  readonly id: number;
  /** Number of the table in its documents' ids. */
  readonly number: number;
}

/** A request to stage a table. */
export interface StagingRequest {
  readonly component: string;
  readonly name: string;
  /**
   * Number of the table in the documents' ids. @default the number of the table of that name, or a
   * new one
   */
  readonly number?: number | undefined;
  /** Whether some ids do not begin with their document's creation time. */
  readonly hasForeignIds: boolean;
}

/** Makes an empty table with the validator and indexes of the one it will replace. */
export function stageTable(
  tx: Transaction,
  { component: path, name, number, hasForeignIds }: StagingRequest,
): StagedTable {
  if (!SYSTEM_TABLES.has(name)) checkName(name);
  return tx.changeCatalog((catalog, view) => {
    const component = componentOf(catalog, path);
    const replaced = component.tables.get(name);
    let { nextIndexId } = catalog;
    const table = makeTable(path, {
      name,
      number:
        number ??
        replaced?.number ??
        SYSTEM_TABLES.get(name) ??
        component.nextTableNumber,
      id: catalog.nextTableId,
      validator: replaced?.validator ?? null,
      stagedNames: replaced?.stagedNames ?? [],
      indexes: (replaced === undefined
        ? hiddenIndexes(name, 0)
        : readyIndexes(replaced).map(indexRecord)
      ).map((index) => ({
        ...index,
        id: nextIndexId++,
      })),
      ...(hasForeignIds ? { creationTimeIndex: nextIndexId++ } : {}),
    });
    const changed = putComponent(
      { ...catalog, nextIndexId, nextTableId: catalog.nextTableId + 1 },
      view,
      {
        ...component,
        nextTableNumber: Math.max(component.nextTableNumber, table.number + 1),
        staged: [...component.staged, table],
      },
    );
    const { id } = table;
    return {
      catalog: changed,
      result: { component: path, name, id, number: table.number },
    };
  });
}

/** The end of an import: tables that take the place of others, all in one commit. */
export interface Activation {
  readonly staged: readonly StagedTable[];
  /** Tables that go without a replacement. */
  readonly removed: readonly { component: string; name: string }[];
  /** Whether to refuse the import if a table got rows meanwhile, which it would lose. */
  readonly requireEmpty: boolean;
}

/** Puts staged tables in the places of those with their names, and removes others. */
export function activateStaged(
  tx: Transaction,
  { staged, removed, requireEmpty }: Activation,
): void {
  tx.changeCatalog((catalog, view) => {
    let changed = catalog;
    const paths = new Set([...staged, ...removed].map((t) => t.component));
    for (const path of paths) {
      const before = componentOf(changed, path);
      const ids = new Set(staged.map(({ id }) => id));
      const coming = before.staged.filter(({ id }) => ids.has(id));
      const gone = new Set(
        removed.flatMap((t) => (t.component === path ? [t.name] : [])),
      );
      const tables = new Map(before.tables);
      for (const name of gone) tables.delete(name);
      for (const table of coming) tables.set(table.name, table);
      for (const old of before.tables.values()) {
        if (tables.get(old.name) === old) continue;
        if (requireEmpty && rowCount(view, old) > 0)
          throw tableExists(old.name);
        dropTable(view, old);
      }
      checkNumbers([...tables.values()], path);
      const after = withTables(
        {
          ...before,
          staged: before.staged.filter((table) => !coming.includes(table)),
        },
        [...tables.values()],
      );
      checkReferences(view, before, after);
      changed = putComponent(changed, view, after);
    }
    return { catalog: changed, result: undefined };
  });
}

/** Drops staged tables. */
export function dropStaged(
  tx: Transaction,
  staged: readonly StagedTable[],
): void {
  const ids = new Set(staged.map(({ id }) => id));
  tx.changeCatalog((catalog, view) => ({
    catalog: withoutStaged(catalog, view, ({ id }) => ids.has(id)),
    result: undefined,
  }));
}

/** The catalog without the staged tables that `isGone` accepts. */
export function withoutStaged(
  catalog: Catalog,
  view: PendingView,
  isGone: (table: Table) => boolean,
): Catalog {
  let changed = catalog;
  for (const component of catalog.components.values()) {
    const gone = component.staged.filter(isGone);
    if (gone.length === 0) continue;
    for (const table of gone) dropTable(view, table);
    changed = putComponent(changed, view, {
      ...component,
      staged: component.staged.filter((table) => !gone.includes(table)),
    });
  }
  return changed;
}

/** The refusal of an import that must not add to existing documents. */
export function tableExists(name: string): EmbeddedError {
  return new EmbeddedError(
    "invalidArgument",
    `Table ${name} already has documents. Import into another table, or say what is to happen to them with --replace or --append.`,
  );
}

/**
 * Schema of a component as text. An import must find it unchanged when it ends: its documents were
 * checked against it.
 */
export function schemaOf(tx: Transaction, path: string): string {
  const { schemaValidation, tables } = tx.component(path);
  return JSON.stringify([
    schemaValidation,
    // Tables are made when first written to; one that the schema does not name is no part of it.
    [...tables.values()]
      .filter(isInSchema)
      .map((table) => [
        table.name,
        table.validator,
        readyIndexes(table).map(definitionOf),
      ]),
  ]);
}

/** Whether the schema names a table. */
export function hasSchema(
  tx: Transaction,
  component: string,
  name: string,
): boolean {
  const table = tx.table(component, name);
  return table !== undefined && isInSchema(table);
}

/** The fields of a table's documents that the schema makes optional. */
export function optionalFieldsOf(
  tx: Transaction,
  component: string,
  name: string,
): ReadonlySet<string> {
  const validator = tx.table(component, name)?.validator;
  if (validator?.type !== "object") return new Set();
  const fields = Object.entries(validator.value);
  return new Set(
    fields.flatMap(([field, { optional }]) => (optional ? [field] : [])),
  );
}

function isInSchema(table: Table): boolean {
  const { isSystem, validator } = table;
  return !isSystem && (validator !== null || readyIndexes(table).length > 0);
}

function dropTable(view: PendingView, table: Table): void {
  retireDocuments(view, table);
  const indexes = [...table.written, ...table.writtenContent];
  for (const head of indexes.flatMap(headsOf)) retire(view, head);
  view.set(rowCountKey(table.id), null);
}

function checkName(name: string): void {
  if (!IDENTIFIER.test(name)) {
    throw new EmbeddedError(
      "invalidArgument",
      `"${name}" is no table name: it must start with a letter and have only letters, digits and underscores.`,
    );
  }
}

function checkNumbers(tables: readonly Table[], path: string): void {
  const names = new Map<number, string>();
  for (const { number, name } of tables) {
    const other = names.get(number);
    if (other !== undefined) {
      const where = path === "" ? "" : ` in component "${path}"`;
      throw new EmbeddedError(
        "invalidArgument",
        `The ids of table "${name}" have the number ${number}, which is that of table "${other}"${where}. Import both together, or into a deployment without "${other}".`,
      );
    }
    names.set(number, name);
  }
}

/**
 * Refuses an import that changes a table's number while other tables refer to its documents: their
 * ids would change.
 */
function checkReferences(
  view: PendingView,
  before: Component,
  after: Component,
): void {
  const moved = new Set(
    [...after.tables.values()].flatMap(({ name, number }) => {
      const old = before.tables.get(name);
      return old !== undefined && old.number !== number ? [name] : [];
    }),
  );
  for (const table of after.tables.values()) {
    const isOld = before.tables.get(table.name) === table;
    if (!isOld || rowCount(view, table) === 0) continue;
    const target = [...referencedTables(table.validator)].find((name) =>
      moved.has(name),
    );
    if (target !== undefined) {
      throw new EmbeddedError(
        "invalidArgument",
        `The import changes the ids of table "${target}", to which documents of table "${table.name}" refer by the schema. Import both together.`,
      );
    }
  }
}

/** The tables that a validator names with `v.id()`. */
function* referencedTables(
  validator: ValidatorJSON | null | JSONValue,
): Iterable<string> {
  if (typeof validator !== "object" || validator === null) return;
  const { type, tableName } = validator as {
    type?: unknown;
    tableName?: unknown;
  };
  if (type === "id" && typeof tableName === "string") yield tableName;
  for (const part of Object.values(validator)) {
    yield* referencedTables(part);
  }
}
