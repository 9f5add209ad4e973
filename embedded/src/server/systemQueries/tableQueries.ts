import type { JSONValue } from "convex/values";
import type { Transaction } from "../../database/transactions/transaction.js";
import { describeJson, isJsonObject } from "../http/body.js";
import { badRequest } from "../http/http.js";

type Args = Readonly<Record<string, JSONValue>>;

/** All table names at once: no app has too many tables for one page. */
export function listTables(
  _services: unknown,
  _args: Args,
  componentPath: string,
  snapshot: Transaction,
): JSONValue {
  const page = snapshot.tableNames(componentPath).map((name) => ({ name }));
  return { page, isDone: true, continueCursor: "" };
}

/** A page of a table's documents, in the order of their creation. */
export function readTable(
  _services: unknown,
  { table, order = "desc", paginationOpts }: Args,
  componentPath: string,
  snapshot: Transaction,
): JSONValue {
  if (typeof table !== "string" || (order !== "asc" && order !== "desc")) {
    throw badRequest(
      "InvalidArguments",
      `table must be a name and order "asc" or "desc", not ${JSON.stringify(table)} and ${JSON.stringify(order)}.`,
    );
  }
  const { cursor, numItems } = paginationArgs(paginationOpts);
  const { page, isDone, continueCursor } = snapshot.queryPage(componentPath, {
    query: {
      source: { type: "FullTableScan", tableName: table, order },
      operators: [],
    },
    cursor,
    pageSize: numItems,
  });
  return { page: page.map(({ value }) => value), isDone, continueCursor };
}

/** How many documents a table has. */
export function countTable(
  _services: unknown,
  { tableName }: Args,
  componentPath: string,
  snapshot: Transaction,
): JSONValue {
  return snapshot.count(componentPath, nameIn(tableName));
}

/** A result that changes whenever a document of the table does. */
export function watchTable(
  _services: unknown,
  { tableName }: Args,
  componentPath: string,
  snapshot: Transaction,
): JSONValue {
  snapshot.watchTable(componentPath, nameIn(tableName));
  return String(snapshot.ts);
}

function nameIn(tableName: JSONValue | undefined): string {
  if (typeof tableName === "string") return tableName;
  throw badRequest(
    "InvalidArguments",
    `tableName must be a name, not ${describeJson(tableName)}.`,
  );
}

const MAX_PAGE_SIZE = 8_192;

function paginationArgs(options: JSONValue | undefined) {
  if (isJsonObject(options)) {
    const { cursor, numItems } = options;
    if (
      (cursor === null || typeof cursor === "string") &&
      typeof numItems === "number"
    ) {
      return { cursor, numItems: Math.min(numItems, MAX_PAGE_SIZE) };
    }
  }
  throw badRequest(
    "InvalidArguments",
    `paginationOpts must have a cursor and numItems, not ${describeJson(options)}.`,
  );
}
