import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import {
  findIndex,
  findTable,
  readyIndexes,
  type Catalog,
  type Index,
  type Table,
} from "../records/catalog.js";
import type { Document } from "../records/documents.js";
import { compileFilter } from "./filters.js";
import { compileRange, type Interval } from "./indexRange.js";
import {
  IndexScan,
  type Position,
  type ReadContext,
  type ScanOptions,
} from "./indexScan.js";
import { SearchScan, type Searched } from "./searchScan.js";
import type { Steps } from "../steps.js";
import type { QueryJson, QueryOperator, QuerySource } from "../types.js";
import type { View } from "../records/view.js";
import {
  assertSearchFilters,
  compileSearch,
  searchedText,
} from "../search/compile.js";

const MAX_OPERATORS = 256;

/** Rows through a query's operators, pulled one at a time. */
export interface Rows {
  next(): Document | null;
}

/** What a query reads, one document after the other. */
export interface Scan extends Rows {
  /** Does what is to be done before the first document is there, if that may take long. */
  find?(): Steps<void>;
  close(): void;
  /** Position of the scan; null until something was read. */
  readonly position: Position | null;
  /** A position by which to split what was read; null for none. */
  readonly splitPosition: Position | null;
  readonly isApproachingLimit: boolean;
}

/** A range of an index. */
export interface ResolvedRange {
  table: Table;
  index: Index;
  interval: Interval;
  reverse: boolean;
}

/**
 * What a query reads: a range of an index, or a search. Null when it has no rows, as its table does
 * not exist yet or it searches for nothing.
 */
export type ResolvedSource = ResolvedRange | Searched;

/** Finds table and index, and checks the range against the index. */
export function resolveSource(
  catalog: Catalog,
  component: string,
  source: QuerySource,
): ResolvedSource | null {
  switch (source.type) {
    case "FullTableScan": {
      const table = findTable(catalog, component, source.tableName);
      return table === undefined
        ? null
        : resolve(table, table.byCreationTime, [], source.order);
    }
    case "IndexRange": {
      const { indexName } = source;
      const { table, name } = findByIndexName(catalog, component, indexName);
      const index = table === undefined ? undefined : findIndex(table, name);
      if (table !== undefined && index !== undefined) {
        return resolve(table, index, source.range, source.order);
      }
      if (name === "by_id" || name === "by_creation_time") {
        return null;
      }
      throw indexNotFound(indexName, name, table, "a database");
    }
    case "Search":
      return resolveSearch(catalog, component, source);
    default:
      throw new EmbeddedError(
        "invalidQuery",
        `Unknown query source ${JSON.stringify(source satisfies never)}.`,
      );
  }
}

function resolveSearch(
  catalog: Catalog,
  component: string,
  { indexName, filters }: Extract<QuerySource, { type: "Search" }>,
): Searched | null {
  assertSearchFilters(filters);
  // As on Convex, nothing else is looked at where the text is empty, as before anybody types.
  if (searchedText(indexName, filters) === "") return null;
  const { table, name } = findByIndexName(catalog, component, indexName);
  const index = table?.contentIndexes.find((one) => one.name === name);
  if (table === undefined || index?.kind !== "search") {
    throw indexNotFound(indexName, name, table, "a search");
  }
  return { table, index, search: compileSearch(indexName, index, filters) };
}

function findByIndexName(
  catalog: Catalog,
  component: string,
  indexName: string,
): { table: Table | undefined; name: string } {
  const dot = indexName.indexOf(".");
  const table = findTable(catalog, component, indexName.slice(0, dot));
  return { table, name: indexName.slice(dot + 1) };
}

/** The refusal of an index that is not there, or is none of that kind. */
function indexNotFound(
  indexName: string,
  name: string,
  table: Table | undefined,
  kind: string,
): EmbeddedError {
  const isStaged = table?.stagedNames.includes(name) === true;
  const isOther =
    table !== undefined &&
    !table.isSystem &&
    readyIndexes(table).some((index) => index.name === name);
  return new EmbeddedError(
    "invalidQuery",
    isStaged
      ? `Index ${indexName} is currently staged and not available to query until it is enabled.`
      : isOther
        ? `Index ${indexName} is not ${kind} index`
        : `Index ${indexName} not found.`,
  );
}

function resolve(
  table: Table,
  index: Index,
  range: Parameters<typeof compileRange>[2],
  order: "asc" | "desc" | null,
): ResolvedRange {
  return {
    table,
    index,
    interval: compileRange(table, index, range),
    reverse: order === "desc",
  };
}

/** @param options - `rows` says how many will be asked for at most, where that is known */
export function openScan(
  view: View,
  source: ResolvedSource,
  context: ReadContext,
  options: Omit<ScanOptions, "reverse"> & { rows?: number | undefined },
): Scan {
  if ("search" in source) {
    return new SearchScan(view, source, context, options);
  }
  const { table, index, interval, reverse } = source;
  return new IndexScan(view, table, index, interval, context, {
    ...options,
    reverse,
  });
}

/** How many rows a query's operators ask for at most, where they say so. */
export function rowsAsked([first]: readonly QueryOperator[]):
  number | undefined {
  return first !== undefined && "limit" in first ? first.limit : undefined;
}

/** Applies operators in the order they were chained. */
export function applyOperators(
  source: Rows,
  operators: readonly QueryOperator[],
): Rows {
  if (operators.length > MAX_OPERATORS) {
    throw new EmbeddedError(
      "invalidQuery",
      `Query has too many operators: ${operators.length}`,
    );
  }
  return operators.reduce<Rows>(
    (rows, operator) =>
      "filter" in operator
        ? filtered(rows, operator.filter)
        : limited(rows, operator.limit),
    source,
  );
}

function filtered(rows: Rows, filter: JSONValue): Rows {
  const matches = compileFilter(filter);
  return {
    next() {
      for (;;) {
        const document = rows.next();
        if (document === null || matches(document.value)) {
          return document;
        }
      }
    },
  };
}

function limited(rows: Rows, limit: number): Rows {
  let remaining = limit;
  return {
    next() {
      // No row beyond the limit is asked for, as unread rows are not counted.
      if (remaining <= 0) {
        return null;
      }
      const document = rows.next();
      if (document !== null) {
        remaining -= 1;
      }
      return document;
    },
  };
}

/** Checks that JSON is a query. */
export function assertQueryJson(query: QueryJson): void {
  if (
    typeof query !== "object" ||
    query === null ||
    typeof query.source !== "object" ||
    !Array.isArray(query.operators)
  ) {
    throw new EmbeddedError(
      "invalidQuery",
      `Not a query: ${JSON.stringify(query)}.`,
    );
  }
}
