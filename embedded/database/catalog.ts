import type { ValidatorJSON } from "convex/values";
import { EmbeddedError } from "../errors.js";
import type { Key } from "../storage/store.js";
import { parseFieldPath } from "./fieldPath.js";
import {
  COMPONENTS,
  componentKey,
  COUNTERS_KEY,
  documentHead,
  indexHead,
} from "./keyspace.js";
import type { PendingView, View } from "./view.js";

/**
 * What tables and indexes there are. One record a component in the store, read
 * once at start; in memory a value that is never changed, so that a transaction
 * keeps the catalog of its snapshot and a rollback just drops the newer one.
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
  /** Being filled by an import, under numbers of their own until they take their place. */
  readonly staged: readonly Table[];
}

export interface Table {
  readonly component: string;
  readonly name: string;
  /** Unique in its component, and part of its documents' ids. */
  readonly number: number;
  /** Unique in the store, and part of its keys. */
  readonly id: number;
  readonly isSystem: boolean;
  readonly head: Key;
  /** What the schema says about documents; null for tables it does not name. */
  readonly validator: ValidatorJSON | null;
  /** The schema's indexes. */
  readonly indexes: readonly Index[];
  /** Filled ahead of the push that brings them: written, but not read yet. */
  readonly building: readonly Index[];
  /** Every index that has entries of its own, for those who write. */
  readonly written: readonly Index[];
  readonly byCreationTime: Index;
  readonly byId: Index;
}

export interface Index {
  readonly name: string;
  readonly fields: readonly string[];
  readonly paths: readonly (readonly string[])[];
  /** Keys begin with this: an index's own head, or the documents' for the built-in ones. */
  readonly head: Key;
  /** What follows the fields. What `paths` does not have of it is read off the raw id. */
  readonly tail: readonly ("_creationTime" | "_id")[];
  /** Null for the built-in indexes, which are the documents themselves. */
  readonly id: number | null;
}

export const EMPTY_CATALOG: Catalog = {
  components: new Map(),
  nextTableId: 1,
  nextIndexId: 1,
};

/** Convex numbers user tables from here, which makes their ids 32 characters long. */
const FIRST_USER_TABLE_NUMBER = 10_001;

/** The system tables that functions read through `db.system`, with their numbers. */
const SYSTEM_TABLES = new Map([["_scheduled_functions", 9001]]);

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

/** A table's name by its number; system tables have theirs before they exist. */
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

/** The index a query names, or undefined. */
export function findIndex(table: Table, name: string): Index | undefined {
  switch (name) {
    case "by_id":
      return table.byId;
    case "by_creation_time":
      return table.byCreationTime;
    default:
      return table.indexes.find((index) => index.name === name);
  }
}

/** The table, made in the same transaction if there is none yet. */
export function ensureTable(
  catalog: Catalog,
  view: PendingView,
  componentPath: string,
  name: string,
): { catalog: Catalog; table: Table } {
  const existing = findTable(catalog, componentPath, name);
  if (existing !== undefined) {
    return { catalog, table: existing };
  }
  checkTableName(name);
  const component = componentOf(catalog, componentPath);
  const systemNumber = SYSTEM_TABLES.get(name);
  const table = makeTable(componentPath, {
    name,
    number: systemNumber ?? component.nextTableNumber,
    id: catalog.nextTableId,
    validator: null,
    indexes: [],
  });
  return {
    catalog: putComponent(
      { ...catalog, nextTableId: catalog.nextTableId + 1 },
      view,
      withTables(
        {
          ...component,
          nextTableNumber:
            component.nextTableNumber + (systemNumber === undefined ? 1 : 0),
        },
        [...component.tables.values(), table],
      ),
    ),
    table,
  };
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

/** Replaces a component's record, in the store and in the catalog. */
export function putComponent(
  catalog: Catalog,
  view: PendingView,
  component: Component,
): Catalog {
  view.set(componentKey(component.path), JSON.stringify(toRecord(component)));
  const { nextTableId, nextIndexId } = catalog;
  view.set(COUNTERS_KEY, JSON.stringify({ nextTableId, nextIndexId }));
  return {
    ...catalog,
    components: new Map(catalog.components).set(component.path, component),
  };
}

export function loadCatalog(view: View): Catalog {
  const counters = view.get(COUNTERS_KEY);
  if (counters === undefined) {
    return EMPTY_CATALOG;
  }
  const components = new Map<string, Component>();
  for (const { value } of view.range(COMPONENTS)) {
    const component = fromRecord(JSON.parse(value) as ComponentRecord);
    components.set(component.path, component);
  }
  const { nextTableId, nextIndexId } = JSON.parse(counters) as Catalog;
  return { components, nextTableId, nextIndexId };
}

/** What makes a table; the rest of {@link Table} follows from it. */
export interface TableRecord {
  name: string;
  number: number;
  id: number;
  validator: ValidatorJSON | null;
  indexes: readonly IndexRecord[];
  building?: readonly IndexRecord[];
  /**
   * The index by creation time, where ids do not begin with it: those that another
   * deployment gave out and an import kept.
   */
  creationTimeIndex?: number;
}

export interface IndexRecord {
  readonly name: string;
  readonly id: number;
  readonly fields: readonly string[];
}

interface ComponentRecord {
  path: string;
  nextTableNumber: number;
  schemaValidation: boolean;
  tables: TableRecord[];
  staged?: TableRecord[];
}

export function makeTable(component: string, record: TableRecord): Table {
  const { name, number, id, validator, creationTimeIndex } = record;
  const head = documentHead(id);
  const hasOwnOrder = creationTimeIndex !== undefined;
  const make = (index: IndexRecord) => makeIndex(index, hasOwnOrder);
  const indexes = record.indexes.map(make);
  const building = (record.building ?? []).map(make);
  const byCreationTime = hasOwnOrder
    ? make({ name: "by_creation_time", id: creationTimeIndex, fields: [] })
    : builtIn("by_creation_time", head, ["_creationTime", "_id"]);
  return {
    component,
    name,
    number,
    id,
    isSystem: name.startsWith("_"),
    head,
    validator,
    indexes,
    building,
    written: [
      ...indexes,
      ...building,
      ...(hasOwnOrder ? [byCreationTime] : []),
    ],
    byCreationTime,
    byId: builtIn("by_id", head, ["_id"]),
  };
}

function makeIndex(
  { name, id, fields }: IndexRecord,
  hasOwnOrder: boolean,
): Index {
  const inKey = hasOwnOrder ? [...fields, "_creationTime"] : fields;
  return {
    name,
    id,
    fields,
    paths: inKey.map(parseFieldPath),
    head: indexHead(id),
    tail: ["_creationTime", "_id"],
  };
}

function builtIn(name: string, head: Key, tail: Index["tail"]): Index {
  return { name, fields: [], paths: [], head, tail, id: null };
}

/** The inverse of {@link makeTable}. */
export function tableRecord(table: Table): TableRecord {
  const { name, number, id, validator, building, byCreationTime } = table;
  return {
    name,
    number,
    id,
    validator,
    indexes: table.indexes.map(indexRecord),
    ...(building.length > 0 ? { building: building.map(indexRecord) } : {}),
    ...(byCreationTime.id === null
      ? {}
      : { creationTimeIndex: byCreationTime.id }),
  };
}

export function indexRecord({ name, id, fields }: Index): IndexRecord {
  return { name, id: id as number, fields };
}

/** The one among `indexes` that is the same as the schema's. */
export function keptIndex(
  indexes: readonly Index[],
  { name, fields }: Pick<IndexRecord, "name" | "fields">,
): Index | undefined {
  return indexes.find(
    (index) =>
      index.name === name &&
      JSON.stringify(index.fields) === JSON.stringify(fields),
  );
}

function toRecord(component: Component): ComponentRecord {
  const { path, nextTableNumber, schemaValidation, staged } = component;
  return {
    path,
    nextTableNumber,
    schemaValidation,
    tables: [...component.tables.values()].map(tableRecord),
    ...(staged.length > 0 ? { staged: staged.map(tableRecord) } : {}),
  };
}

function fromRecord({
  tables,
  staged = [],
  ...component
}: ComponentRecord): Component {
  const make = (record: TableRecord) => makeTable(component.path, record);
  return withTables(
    {
      ...component,
      tables: new Map(),
      tablesByNumber: new Map(),
      staged: staged.map(make),
    },
    tables.map(make),
  );
}

function checkTableName(name: string): void {
  const isKnownSystemTable = SYSTEM_TABLES.has(name);
  if (!isKnownSystemTable && !IDENTIFIER.test(name)) {
    throw new EmbeddedError(
      "invalidArgument",
      `Invalid table name: "${name}". Identifiers must start with a letter and can only ` +
        "contain letters, digits, and underscores.",
    );
  }
}

/** Names of tables and indexes. */
export const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
