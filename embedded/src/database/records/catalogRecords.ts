import type { ValidatorJSON } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import {
  componentOf,
  EMPTY_CATALOG,
  findTable,
  hiddenFields,
  IDENTIFIER,
  SYSTEM_TABLES,
  withTables,
  definitionOf,
  readyIndexes,
  type AnyIndex,
  type Catalog,
  type Component,
  type ContentIndex,
  type Index,
  type IndexDefinition,
  type Table,
} from "./catalog.js";
import { parseFieldPath } from "../values/fieldPath.js";
import {
  COMPONENTS,
  componentKey,
  COUNTERS_KEY,
  countsHead,
  documentHead,
  indexHead,
} from "./keyspace.js";
import type { Key } from "../../storage/store.js";
import type { PendingView, View } from "./view.js";

/** Reads the catalog from the store. */
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
  const indexes = hiddenIndexes(name, catalog.nextIndexId);
  const table = makeTable(componentPath, {
    name,
    number: systemNumber ?? component.nextTableNumber,
    id: catalog.nextTableId,
    validator: null,
    indexes,
  });
  return {
    catalog: putComponent(
      {
        ...catalog,
        nextTableId: catalog.nextTableId + 1,
        nextIndexId: catalog.nextIndexId + indexes.length,
      },
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

/** Indexes by a system table's hidden fields, each named like its field. */
export function hiddenIndexes(table: string, firstId: number): IndexRecord[] {
  return hiddenFields(table).map((field, n) => ({
    name: field,
    id: firstId + n,
    fields: [field],
  }));
}

/** Stored form of a table; the rest of {@link Table} follows from it. */
export interface TableRecord {
  name: string;
  number: number;
  id: number;
  validator: ValidatorJSON | null;
  indexes: readonly IndexRecord[];
  building?: readonly IndexRecord[];
  stagedNames?: readonly string[];
  /**
   * Id of the index by creation time, which a table has when ids do not begin with it: those that
   * another deployment gave out and an import kept.
   */
  creationTimeIndex?: number;
}

export type IndexRecord = IndexDefinition & { readonly id: number };

interface ComponentRecord {
  path: string;
  nextTableNumber: number;
  schemaValidation: boolean;
  tables: TableRecord[];
  staged?: TableRecord[];
}

export function makeTable(component: string, record: TableRecord): Table {
  const { name, number, id, validator, creationTimeIndex } = record;
  const { stagedNames = [] } = record;
  const head = documentHead(id);
  const hasOwnOrder = creationTimeIndex !== undefined;
  const make = (index: IndexRecord) => makeAnyIndex(index, hasOwnOrder);
  const ready = record.indexes.map(make);
  const building = (record.building ?? []).map(make);
  const writtenContent = [...ready, ...building].filter(isByContent);
  const byCreationTime = hasOwnOrder
    ? makeIndex("by_creation_time", creationTimeIndex, [], hasOwnOrder)
    : builtIn("by_creation_time", head, ["_creationTime", "_id"]);
  return {
    component,
    name,
    number,
    id,
    isSystem: name.startsWith("_"),
    head,
    validator,
    indexes: ready.filter(isByOrder),
    contentIndexes: ready.filter(isByContent),
    building,
    written: [
      ...[...ready, ...building].filter(isByOrder),
      ...(hasOwnOrder ? [byCreationTime] : []),
    ],
    writtenContent,
    searchIndexes: writtenContent.filter((index) => index.kind === "search"),
    stagedNames,
    byCreationTime,
    byId: builtIn("by_id", head, ["_id"]),
  };
}

function isByOrder(index: AnyIndex): index is Index {
  return index.kind === "database";
}

function isByContent(index: AnyIndex): index is ContentIndex {
  return index.kind !== "database";
}

function makeAnyIndex(record: IndexRecord, hasOwnOrder: boolean): AnyIndex {
  const { id, name } = record;
  switch (record.kind) {
    case "search":
      return {
        kind: "search",
        name,
        id,
        searchField: record.searchField,
        searchPath: parseFieldPath(record.searchField),
        filterFields: record.filterFields,
        filterPaths: record.filterFields.map(parseFieldPath),
        head: indexHead(id),
        countsHead: countsHead(id),
        hasOwnOrder,
      };
    case "vector":
      return {
        kind: "vector",
        name,
        id,
        vectorField: record.vectorField,
        vectorPath: parseFieldPath(record.vectorField),
        dimensions: record.dimensions,
        filterFields: record.filterFields,
        filterPaths: record.filterFields.map(parseFieldPath),
        head: indexHead(id),
      };
    default:
      return makeIndex(name, id, record.fields, hasOwnOrder);
  }
}

function makeIndex(
  name: string,
  id: number,
  fields: readonly string[],
  hasOwnOrder: boolean,
): Index {
  const inKey = hasOwnOrder ? [...fields, "_creationTime"] : fields;
  return {
    kind: "database",
    name,
    id,
    fields,
    paths: inKey.map(parseFieldPath),
    head: indexHead(id),
    tail: ["_creationTime", "_id"],
  };
}

function builtIn(name: string, head: Key, tail: Index["tail"]): Index {
  return {
    kind: "database",
    name,
    fields: [],
    paths: [],
    head,
    tail,
    id: null,
  };
}

/** The inverse of {@link makeTable}. */
export function tableRecord(table: Table): TableRecord {
  const { name, number, id, validator, building, byCreationTime } = table;
  const { stagedNames } = table;
  return {
    name,
    number,
    id,
    validator,
    indexes: readyIndexes(table).map(indexRecord),
    ...(building.length > 0 ? { building: building.map(indexRecord) } : {}),
    ...(stagedNames.length > 0 ? { stagedNames } : {}),
    ...(byCreationTime.id === null
      ? {}
      : { creationTimeIndex: byCreationTime.id }),
  };
}

export function indexRecord(index: AnyIndex): IndexRecord {
  return { ...definitionOf(index), id: index.id as number };
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
