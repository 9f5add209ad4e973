import type { ValidatorJSON } from "convex/values";
import type { Key } from "../../storage/store.js";
import type { SearchIndex } from "../search/searchIndex.js";
import type { VectorIndex } from "../vectors/vectorIndex.js";

/**
 * The tables and indexes of a store. It has one record a component (catalogRecords.ts), read once
 * at start; in memory the catalog is never changed but replaced, so that a transaction keeps the
 * catalog of its snapshot and a rollback just drops the newer one.
 */
export interface Catalog {
  readonly components: ReadonlyMap<string, Component>;
  readonly nextTableId: number;
  readonly nextIndexId: number;
}

export interface Component {
  readonly path: string;
  readonly tables: ReadonlyMap<string, Table>;
  readonly tablesByNumber: ReadonlyMap<number, Table>;
  readonly nextTableNumber: number;
  readonly schemaValidation: boolean;
  /** Tables that an import fills, under numbers of their own until they take their place. */
  readonly staged: readonly Table[];
}

export interface Table {
  readonly component: string;
  readonly name: string;
  /** Number in the table's documents' ids, unique in its component. */
  readonly number: number;
  /** Id in the table's keys, unique in the store. */
  readonly id: number;
  readonly isSystem: boolean;
  readonly head: Key;
  /** Validator of the table's documents; null for tables that the schema does not name. */
  readonly validator: ValidatorJSON | null;
  /** The schema's indexes by the order of values; of a system table, those by its hidden fields. */
  readonly indexes: readonly Index[];
  /** The schema's indexes by what is in a field. */
  readonly contentIndexes: readonly ContentIndex[];
  /** Indexes that are filled ahead of the push that brings them: written, but not read yet. */
  readonly building: readonly AnyIndex[];
  /** All indexes by order that writes keep up to date: each has entries of its own. */
  readonly written: readonly Index[];
  /** All indexes by content that writes keep up to date. */
  readonly writtenContent: readonly ContentIndex[];
  /** Of these, those over words, whose readers have to hear of other writes too. */
  readonly searchIndexes: readonly SearchIndex[];
  /** Names of indexes that the schema has as staged: they are not there. */
  readonly stagedNames: readonly string[];
  readonly byCreationTime: Index;
  readonly byId: Index;
}

export interface Index {
  readonly kind: "database";
  readonly name: string;
  readonly fields: readonly string[];
  readonly paths: readonly (readonly string[])[];
  /** Beginning of the keys: an index's own head, or the documents' for the built-in ones. */
  readonly head: Key;
  /** Fields after the index's own. Those that `paths` lacks are read off the raw id. */
  readonly tail: readonly ("_creationTime" | "_id")[];
  /** Id of the index; null for the built-in indexes, which are the documents themselves. */
  readonly id: number | null;
}

/** An index by what is in a field, which no range can be read of. */
export type ContentIndex = SearchIndex | VectorIndex;

export type AnyIndex = Index | ContentIndex;

/** What a schema says of an index. */
export type IndexDefinition =
  | {
      readonly kind?: "database";
      readonly name: string;
      readonly fields: readonly string[];
    }
  | {
      readonly kind: "search";
      readonly name: string;
      readonly searchField: string;
      readonly filterFields: readonly string[];
    }
  | {
      readonly kind: "vector";
      readonly name: string;
      readonly vectorField: string;
      readonly dimensions: number;
      readonly filterFields: readonly string[];
    };

export const EMPTY_CATALOG: Catalog = {
  components: new Map(),
  nextTableId: 1,
  nextIndexId: 1,
};

/** Number of the first user table, as on Convex; it makes their ids 32 characters long. */
const FIRST_USER_TABLE_NUMBER = 10_001;

/** Table of the stored files, one row a file. */
export const FILES_TABLE = "_storage";

/** System tables that functions read through `db.system`, with their numbers. */
export const SYSTEM_TABLES = new Map([
  ["_scheduled_functions", 9001],
  [FILES_TABLE, 9002],
]);

/** Fields of system tables that the engine keeps to itself, each with an index by which it finds rows. */
const HIDDEN_FIELDS = new Map([[FILES_TABLE, ["storageId", "storageKey"]]]);

/** The hidden fields of a table; most have none. */
export function hiddenFields(table: string): readonly string[] {
  return HIDDEN_FIELDS.get(table) ?? [];
}

const SYSTEM_TABLE_NAMES = new Map(
  [...SYSTEM_TABLES].map(([name, number]) => [number, name]),
);

export function findTable(
  catalog: Catalog,
  component: string,
  name: string,
): Table | undefined {
  return catalog.components.get(component)?.tables.get(name);
}

/** The table's name by its number; system tables have theirs before they exist. */
export function tableNameOf(
  catalog: Catalog,
  component: string,
  number: number,
): string | undefined {
  return (
    catalog.components.get(component)?.tablesByNumber.get(number)?.name ??
    SYSTEM_TABLE_NAMES.get(number)
  );
}

export function tableNumberOf(
  catalog: Catalog,
  component: string,
  name: string,
): number | undefined {
  return findTable(catalog, component, name)?.number ?? SYSTEM_TABLES.get(name);
}

/** The index that a function's query names, or undefined. */
export function findIndex(table: Table, name: string): Index | undefined {
  switch (name) {
    case "by_id":
      return table.byId;
    case "by_creation_time":
      return table.byCreationTime;
    default:
      return table.isSystem
        ? undefined
        : table.indexes.find((index) => index.name === name);
  }
}

export function componentOf(catalog: Catalog, path: string): Component {
  return (
    catalog.components.get(path) ?? {
      path,
      tables: new Map(),
      tablesByNumber: new Map(),
      nextTableNumber: FIRST_USER_TABLE_NUMBER,
      schemaValidation: true,
      staged: [],
    }
  );
}

export function withTables(
  component: Component,
  tables: readonly Table[],
): Component {
  return {
    ...component,
    tables: new Map(tables.map((table) => [table.name, table])),
    tablesByNumber: new Map(tables.map((table) => [table.number, table])),
  };
}

/** The schema's indexes of every kind. */
export function readyIndexes(table: Table): readonly AnyIndex[] {
  return [...table.indexes, ...table.contentIndexes];
}

/** The index among `indexes` that is the same as the schema's. */
export function keptIndex(
  indexes: readonly AnyIndex[],
  definition: IndexDefinition,
): AnyIndex | undefined {
  const wanted = JSON.stringify(definitionOf(definition));
  return indexes.find(
    (index) => JSON.stringify(definitionOf(index)) === wanted,
  );
}

/** What the schema says of an index, always in the same form. */
export function definitionOf(
  index: AnyIndex | IndexDefinition,
): IndexDefinition {
  const { name } = index;
  switch (index.kind) {
    case "search": {
      const { kind, searchField, filterFields } = index;
      return { kind, name, searchField, filterFields };
    }
    case "vector": {
      const { kind, vectorField, dimensions, filterFields } = index;
      return { kind, name, vectorField, dimensions, filterFields };
    }
    default:
      return { name, fields: index.fields };
  }
}

/** Beginnings of all keys that an index has. */
export function headsOf(index: AnyIndex): readonly Key[] {
  return index.kind === "search"
    ? [index.head, index.countsHead]
    : [index.head];
}

/** Form of the names of tables and indexes. */
export const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
