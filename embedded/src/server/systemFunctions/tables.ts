import { objectOf, oneOf, PAGE, text } from "./arguments.js";
import { readPage } from "./pages.js";
import type { SystemQuery } from "./systemFunctions.js";

/** What the CLI asks of tables; it names the component beside the arguments. */
export const tableQueries: Readonly<Record<string, SystemQuery>> = {
  /** All table names at once: no app has too many tables for one page. */
  "_system/cli/tables": {
    args: objectOf({ paginationOpts: PAGE }),
    run: ({ tx, component }) => ({
      page: tx.tableNames(component).map((name) => ({ name })),
      isDone: true,
      continueCursor: "end",
    }),
  },
  "_system/cli/tableData": {
    args: objectOf({
      table: text,
      order: oneOf("asc", "desc"),
      paginationOpts: PAGE,
    }),
    run(call) {
      const { table, order } = call.args as { table: string; order: "asc" };
      return readPage(call, {
        source: { type: "FullTableScan", tableName: table, order },
        operators: [],
      });
    },
  },
  "_system/cli/tableSize": {
    args: objectOf({ tableName: text }),
    run: ({ tx, component, args }) =>
      tx.count(component, args["tableName"] as string),
  },
  /** A result that changes whenever a document of the table does. */
  "_system/cli/queryTable": {
    args: objectOf({ tableName: text }),
    run({ tx, component, args }) {
      tx.watchTable(component, args["tableName"] as string);
      return String(tx.ts);
    },
  },
};
