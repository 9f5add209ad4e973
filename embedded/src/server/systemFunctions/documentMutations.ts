import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import { FunctionFailure, isFatal } from "../../functions/failure.js";
import { decodeId } from "../../database/values/ids.js";
import { recordIn } from "../auditLog.js";
import {
  anything,
  inComponent,
  listOf,
  nullable,
  objectOf,
  optional,
  queryValue,
  text,
} from "./arguments.js";
import type { MutationCall, SystemMutation } from "./systemFunctions.js";

type Fields = Record<string, JSONValue>;

const MAX_CHANGED = 4_096;
/** Documents that one page of a clearing deletes, and what it may read for that. */
const MAX_CLEARED = 4_000;
const MAX_CLEARED_BYTES = 3_000_000;

const DONE: JSONValue = { success: true };

/** What the dashboard does with documents. */
export const documentMutations: Readonly<Record<string, SystemMutation>> = {
  "_system/frontend/addDocument": {
    args: inComponent({ table: text, documents: listOf(anything) }),
    run(call) {
      const { tx, component } = call;
      const { table, documents } = call.args as {
        table: string;
        documents: Fields[];
      };
      if (documents.length > MAX_CHANGED) return tooMany("added");
      const ids = checked(() =>
        documents.map((document) => tx.insert(component, table, document)),
      );
      record(call, "add_documents", table, ids);
      return DONE;
    },
  },
  "_system/frontend/replaceDocument": {
    args: inComponent({ id: text, document: anything }),
    run(call) {
      const { tx, component } = call;
      const { id, document } = call.args as { id: string; document: Fields };
      if (tx.get(component, id) === null) {
        return { success: false, error: "Document does not exist." };
      }
      checked(() => tx.replace(component, id, document));
      record(call, "update_documents", tableOf(call, id), [id]);
      return DONE;
    },
  },
  /** Changes fields of some documents, or of all in a table. */
  "_system/frontend/patchDocumentsFields": {
    args: inComponent({
      table: text,
      fields: anything,
      ids: optional(listOf(text)),
    }),
    run(call) {
      const { tx, component } = call;
      const { table, fields, ids } = call.args as {
        table: string;
        fields: Fields;
        ids?: string[];
      };
      const changes = Object.fromEntries(
        Object.entries(fields).map(([name, value]) => [
          name,
          queryValue(value),
        ]),
      );
      const changed = ids ?? idsOf(call, table);
      checked(() => {
        for (const id of changed) tx.patch(component, id, changes);
      });
      record(call, "update_documents", table, changed);
      return DONE;
    },
  },
  "_system/frontend/deleteDocuments": {
    args: inComponent({
      toDelete: listOf(objectOf({ id: text, tableName: text })),
    }),
    run(call) {
      const toDelete = call.args["toDelete"] as {
        id: string;
        tableName: string;
      }[];
      if (toDelete.length > MAX_CHANGED) return tooMany("deleted");
      const byTable = new Map<string, string[]>();
      for (const { id, tableName } of toDelete) {
        call.tx.remove(call.component, id);
        byTable.set(tableName, [...(byTable.get(tableName) ?? []), id]);
      }
      for (const [table, ids] of byTable) {
        record(call, "delete_documents", table, ids);
      }
      return DONE;
    },
  },
  /** Deletes a page of a table, the oldest first, so that who looks at the newest sees them last. */
  "_system/frontend/clearTablePage": {
    args: inComponent({ tableName: text, cursor: nullable(text) }),
    run(call) {
      const { tx, component } = call;
      const { tableName, cursor } = call.args as {
        tableName: string;
        cursor: string | null;
      };
      const { page, isDone, continueCursor } = tx.queryPage(component, {
        query: {
          source: { type: "FullTableScan", tableName, order: "asc" },
          operators: [],
        },
        cursor,
        pageSize: MAX_CLEARED,
        maximumBytesRead: MAX_CLEARED_BYTES,
      });
      const ids = page.map(({ value }) => value["_id"] as string);
      for (const id of ids) tx.remove(component, id);
      if (ids.length > 0) record(call, "delete_documents", tableName, ids);
      return { deleted: ids.length, continueCursor, hasMore: !isDone };
    },
  },
  "_system/frontend/createTable": {
    args: inComponent({ table: text }),
    run({ tx, component, args, actor }) {
      const table = args["table"] as string;
      // A document makes its table, which stays when that is gone.
      tx.remove(component, tx.insert(component, table, {}));
      recordIn(tx, actor, component, "create_table", { table });
      return null;
    },
  },
};

function record(
  { tx, component, actor }: MutationCall,
  action: string,
  table: string,
  ids: readonly string[],
): void {
  recordIn(tx, actor, component, action, { table, document_ids: [...ids] });
}

function tableOf({ tx, component }: MutationCall, id: string): string {
  const decoded = decodeId(id);
  return "problem" in decoded
    ? ""
    : (tx.tableName(component, decoded.tableNumber) ?? "");
}

function idsOf({ tx, component }: MutationCall, tableName: string): string[] {
  const stream = tx.openQuery(component, {
    source: { type: "FullTableScan", tableName, order: "asc" },
    operators: [],
  });
  const ids: string[] = [];
  for (;;) {
    const document = stream.next();
    if (document === null) break;
    ids.push(document.value["_id"] as string);
  }
  stream.close();
  return ids;
}

/** Lets a document that the schema refuses be the caller's error, which it can show. */
function checked<T>(write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof EmbeddedError) || isFatal(error)) throw error;
    throw new FunctionFailure(
      `Uncaught ConvexError: ${error.message}`,
      error.message,
    );
  }
}

function tooMany(what: "added" | "deleted"): JSONValue {
  const error = `At most ${MAX_CHANGED} documents can be ${what} at once.`;
  return { success: false, error };
}
