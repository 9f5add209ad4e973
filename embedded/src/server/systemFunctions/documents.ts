import type { JSONValue } from "convex/values";
import { FunctionFailure } from "../../functions/failure.js";
import { EmbeddedError } from "../../errors.js";
import type { Transaction } from "../../database/transactions/transaction.js";
import {
  inComponent,
  listOf,
  nullable,
  number,
  objectOf,
  PAGE,
  text,
} from "./arguments.js";
import { parseFilters, readFiltered } from "./filters/filters.js";
import type { SystemCall, SystemQuery } from "./systemFunctions.js";

/** What the dashboard asks of documents. */
export const documentQueries: Readonly<Record<string, SystemQuery>> = {
  "_system/frontend/paginatedTableDocuments": {
    args: inComponent({
      paginationOpts: PAGE,
      table: text,
      filters: nullable(text),
    }),
    run(call) {
      const { table, filters } = call.args as {
        table: string;
        filters: string | null;
      };
      return readFiltered(call, table, parseFilters(filters));
    },
  },
  /** The newest documents of a table, up to a number of them. */
  "_system/frontend/listTableScan": {
    args: inComponent({ table: text, limit: number }),
    run: scanTable,
  },
  "_system/frontend/listById": {
    args: inComponent({ ids: listOf(objectOf({ id: text, tableName: text })) }),
    run({ tx, component, args }) {
      const ids = args["ids"] as { id: string; tableName: string }[];
      return ids.map(({ id, tableName }) => {
        const table = VIRTUAL_NAMES[tableName] ?? tableName;
        const isSystem = table.startsWith("_");
        return tx.normalizeId(component, table, id) === null
          ? null
          : (tx.get(component, id, { isSystem })?.value ?? null);
      });
    },
  },
  "_system/frontend/getById": {
    args: inComponent({ id: text }),
    run: ({ tx, component, args }) =>
      getAny(tx, component, args["id"] as string),
  },
  "_system/frontend/tableSize": {
    args: inComponent({ tableName: text }),
    run: ({ tx, component, args }) =>
      tx.count(component, args["tableName"] as string),
  },
  "_system/frontend/tableSize:sizeOfAllTables": {
    args: inComponent(),
    run: ({ tx, component }) =>
      tx
        .tableNames(component)
        .reduce((sum, name) => sum + tx.count(component, name), 0),
  },
  /** Names of tables by the numbers in their ids. */
  "_system/frontend/getTableMapping": {
    args: inComponent(),
    run: tableMapping,
  },
};

/** System tables under the names by which the dashboard looks for them. */
const VIRTUAL_NAMES: Readonly<Record<string, string>> = {
  _file_storage: "_storage",
  _scheduled_jobs: "_scheduled_functions",
};

/** Tables that are named to the dashboard, which shows no link for more. */
const MAX_MAPPED = 1_000;

function tableMapping({ tx, component }: SystemCall): JSONValue {
  const own = tx
    .tableNames(component)
    .map((name) => [String(tx.table(component, name)!.number), name]);
  const virtual = Object.entries(VIRTUAL_NAMES).flatMap(([shown, name]) => {
    const table = tx.table(component, name);
    return table === undefined ? [] : [[String(table.number), shown]];
  });
  return Object.fromEntries([...own, ...virtual].slice(0, MAX_MAPPED)) as {
    [number: string]: string;
  };
}

function getAny(tx: Transaction, component: string, id: string): JSONValue {
  const get = (isSystem: boolean) =>
    tx.get(component, id, { isSystem })?.value ?? null;
  try {
    return get(false);
  } catch (error) {
    if (!(error instanceof EmbeddedError)) throw error;
    return get(true);
  }
}

function scanTable({ tx, component, args }: SystemCall): JSONValue {
  const { table, limit } = args as { table: string; limit: number };
  if (table === "") return [];
  if (!Number.isInteger(limit) || limit < 0) {
    throw new FunctionFailure(
      `Invalid argument \`limit\`: it must be a whole number, not ${limit}.`,
    );
  }
  const documents: JSONValue[] = [];
  const stream = tx.openQuery(component, {
    source: { type: "FullTableScan", tableName: table, order: "desc" },
    operators: [{ limit }],
  });
  try {
    for (;;) {
      const document = stream.next();
      if (document === null) return documents;
      documents.push(document.value);
    }
  } catch (error) {
    // As many as one transaction may read; the rest is left out.
    const isFull =
      error instanceof EmbeddedError && error.code === "limitExceeded";
    if (!isFull) throw error;
    return documents;
  } finally {
    stream.close();
  }
}
