import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import {
  findIndex,
  findTable,
  type Catalog,
  type Index,
  type Table,
} from "../records/catalog.js";
import type { Document } from "../records/documents.js";
import { compileFilter } from "./filters.js";
import { compileRange, type Interval } from "./indexRange.js";
import { IndexScan, type ReadContext, type ScanOptions } from "./indexScan.js";
import type { QueryJson, QueryOperator, QuerySource } from "../types.js";
import type { View } from "../records/view.js";

const MAX_OPERATORS = 256;

/** Rows through a query's operators, pulled one at a time. */
export interface Rows {
  next(): Document | null;
}

/**
 * The index range that a query reads; null when its table does not exist yet, so that it has no
 * rows.
 */
export interface ResolvedSource {
  table: Table;
  index: Index;
  interval: Interval;
  reverse: boolean;
}

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
      const dot = indexName.indexOf(".");
      const [tableName, name] = [
        indexName.slice(0, dot),
        indexName.slice(dot + 1),
      ];
      const table = findTable(catalog, component, tableName);
      const index = table === undefined ? undefined : findIndex(table, name);
      if (table !== undefined && index !== undefined) {
        return resolve(table, index, source.range, source.order);
      }
      if (name === "by_id" || name === "by_creation_time") {
        return null;
      }
      throw new EmbeddedError("invalidQuery", `Index ${indexName} not found.`);
    }
    case "Search":
      throw new EmbeddedError(
        "unsupported",
        `Search index ${source.indexName}: search is not supported by this deployment.`,
      );
    default:
      throw new EmbeddedError(
        "invalidQuery",
        `Unknown query source ${JSON.stringify(source satisfies never)}.`,
      );
  }
}

function resolve(
  table: Table,
  index: Index,
  range: Parameters<typeof compileRange>[2],
  order: "asc" | "desc" | null,
): ResolvedSource {
  return {
    table,
    index,
    interval: compileRange(table, index, range),
    reverse: order === "desc",
  };
}

export function openScan(
  view: View,
  { table, index, interval, reverse }: ResolvedSource,
  context: ReadContext,
  options: Omit<ScanOptions, "reverse">,
): IndexScan {
  return new IndexScan(view, table, index, interval, context, {
    ...options,
    reverse,
  });
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
