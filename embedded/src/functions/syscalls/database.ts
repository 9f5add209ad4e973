import type {
  QueryJson,
  QueryPageResult,
  QueryStream,
} from "../../database/types.js";
import { inTurns } from "../execution/inTurns.js";
import { FunctionFailure } from "../failure.js";
import {
  numberArg,
  objectArg,
  optionalString,
  stringArg,
  type AsyncSyscalls,
  type SyncSyscalls,
} from "./table.js";

const END_OF_STREAM = '{"value":null,"done":true}';
const NOTHING = "{}";

/** Syscalls that open and close queries. */
export const databaseSyncSyscalls: SyncSyscalls = {
  "1.0/queryStream": {
    scope: "transaction",
    run(execution, args) {
      const query = queryArg(objectArg(args, "query"));
      const queryId = execution.nextQueryId++;
      execution.streams.set(
        queryId,
        execution.tx.openQuery(execution.fn.componentPath, query),
      );
      return `{"queryId":${queryId}}`;
    },
  },
  "1.0/queryCleanup": {
    scope: "transaction",
    run(execution, args) {
      const queryId = numberArg(args, "queryId");
      execution.streams.get(queryId)?.close();
      return String(execution.streams.delete(queryId));
    },
  },
  "1.0/db/normalizeId": {
    scope: "transaction",
    run(execution, args) {
      const id = execution.tx.normalizeId(
        execution.fn.componentPath,
        stringArg(args, "table"),
        stringArg(args, "idString"),
      );
      return JSON.stringify({ id });
    },
  },
};

/** Syscalls that read and write documents. Their JSON text passes through unparsed. */
export const databaseSyscalls: AsyncSyscalls = {
  "1.0/get": {
    scope: "transaction",
    run(execution, args) {
      const table = optionalString(args, "table");
      const document = execution.tx.get(
        execution.fn.componentPath,
        stringArg(args, "id"),
        {
          isSystem: args["isSystem"] === true,
          ...(table === undefined ? {} : { table }),
        },
      );
      return document?.json ?? "null";
    },
  },
  "1.0/queryStreamNext": {
    scope: "transaction",
    run(execution, args) {
      const stream = execution.streams.get(numberArg(args, "queryId"));
      if (stream === undefined) {
        throw new FunctionFailure(
          "This query is closed and can't emit any more values.",
        );
      }
      const steps = stream.find?.();
      return steps === undefined
        ? nextRow(stream)
        : inTurns(execution, steps, () => nextRow(stream));
    },
  },
  "1.0/queryPage": {
    scope: "transaction",
    run(execution, args) {
      if (execution.paginated) {
        throw new FunctionFailure(
          "This query or mutation function ran multiple paginated queries. Convex only supports a single paginated query in each function.",
        );
      }
      execution.paginated = true;
      const steps = execution.tx.queryPageInSteps(execution.fn.componentPath, {
        query: queryArg(objectArg(args, "query")),
        cursor: optionalString(args, "cursor") ?? null,
        endCursor: optionalString(args, "endCursor") ?? execution.journal,
        pageSize: numberArg(args, "pageSize"),
        maximumRowsRead: optionalNumber(args["maximumRowsRead"]),
        maximumBytesRead: optionalNumber(args["maximumBytesRead"]),
      });
      return inTurns(execution, steps, (result) => {
        execution.journal = result.continueCursor;
        return pageText(result);
      });
    },
  },
  "1.0/count": {
    scope: "transaction",
    run: (execution, args) =>
      String(
        execution.tx.count(
          execution.fn.componentPath,
          stringArg(args, "table"),
        ),
      ),
  },
  "1.0/insert": {
    scope: "mutation",
    run(execution, args) {
      const id = execution.tx.insert(
        execution.fn.componentPath,
        stringArg(args, "table"),
        objectArg(args, "value"),
      );
      return `{"_id":${JSON.stringify(id)}}`;
    },
  },
  "1.0/shallowMerge": {
    scope: "mutation",
    run(execution, args) {
      execution.tx.patch(
        execution.fn.componentPath,
        stringArg(args, "id"),
        objectArg(args, "value"),
        optionalString(args, "table"),
      );
      return NOTHING;
    },
  },
  "1.0/replace": {
    scope: "mutation",
    run(execution, args) {
      execution.tx.replace(
        execution.fn.componentPath,
        stringArg(args, "id"),
        objectArg(args, "value"),
        optionalString(args, "table"),
      );
      return NOTHING;
    },
  },
  "1.0/remove": {
    scope: "mutation",
    run(execution, args) {
      execution.tx.remove(
        execution.fn.componentPath,
        stringArg(args, "id"),
        optionalString(args, "table"),
      );
      return NOTHING;
    },
  },
};

/**
 * The argument of a query. The database checks its contents, for which its outline has to be there.
 */
function queryArg(query: object): QueryJson {
  if (!(
    "source" in query &&
    "operators" in query &&
    Array.isArray(query.operators)
  )) {
    throw new FunctionFailure(`Invalid query: ${JSON.stringify(query)}`);
  }
  return query as QueryJson;
}

function nextRow(stream: QueryStream): string {
  const document = stream.next();
  return document === null
    ? END_OF_STREAM
    : `{"value":${document.json},"done":false}`;
}

function pageText({ page, ...rest }: QueryPageResult): string {
  const documents = page.map(({ json }) => json).join(",");
  return `{"page":[${documents}],${JSON.stringify(rest).slice(1)}`;
}

function optionalNumber(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
