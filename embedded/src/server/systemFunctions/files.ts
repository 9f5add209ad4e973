import type { JSONValue } from "convex/values";
import type { QueryJson, RangeExpression } from "../../database/types.js";
import { FILES_TABLE } from "../../database/records/catalog.js";
import { findFile, removeFile } from "../../files/rows.js";
import { FunctionFailure } from "../../functions/failure.js";
import { recordIn } from "../auditLog.js";
import {
  inComponent,
  listOf,
  number,
  objectOf,
  oneOf,
  optional,
  PAGE,
  text,
} from "./arguments.js";
import { readPage } from "./pages.js";
import type {
  MutationCall,
  SystemCall,
  SystemMutation,
  SystemQuery,
} from "./systemFunctions.js";

/** What the dashboard asks of stored files. */
export const fileQueries: Readonly<Record<string, SystemQuery>> = {
  "_system/frontend/fileStorageV2:numFiles": {
    args: inComponent(),
    run: ({ tx, component }) => tx.count(component, FILES_TABLE),
  },
  /** A page of files with their URLs, the newest first. */
  "_system/frontend/fileStorageV2:fileMetadata": {
    args: inComponent({
      paginationOpts: PAGE,
      filters: optional(
        objectOf({
          minCreationTime: optional(number),
          maxCreationTime: optional(number),
          order: optional(oneOf("asc", "desc")),
        }),
      ),
    }),
    run: (call) =>
      readPage(call, filesBetween(call), (row) => withUrl(call, row)),
  },
  "_system/frontend/fileStorageV2:getFile": {
    args: inComponent({ storageId: text }),
    run(call) {
      const { tx, component, args } = call;
      const id = args["storageId"] as string;
      const file = findFile(tx, component, "db.system.get", id);
      const row = file && tx.get(component, file.id, { isSystem: true });
      return row === null ? null : withUrl(call, row.value);
    },
  },
};

const FILE_ID = { type: "id", tableName: FILES_TABLE } as const;

/** What the dashboard does with stored files. */
export const fileMutations: Readonly<Record<string, SystemMutation>> = {
  "_system/frontend/fileStorageV2:deleteFile": {
    args: inComponent({ storageId: FILE_ID }),
    run: (call) => deleteFiles(call, [call.args["storageId"] as string]),
  },
  "_system/frontend/fileStorageV2:deleteFiles": {
    args: inComponent({ storageIds: listOf(FILE_ID) }),
    run: (call) => deleteFiles(call, call.args["storageIds"] as string[]),
  },
  "_system/frontend/fileStorageV2:generateUploadUrl": {
    args: inComponent(),
    run({ services, tx, component, actor, nowMs }) {
      const url = services.files.uploadUrl(component, nowMs);
      recordIn(tx, actor, component, "generate_upload_url", {});
      return url;
    },
  },
};

function filesBetween({ args }: SystemCall): QueryJson {
  const {
    minCreationTime,
    maxCreationTime,
    order = "desc",
  } = (args["filters"] ?? {}) as {
    minCreationTime?: number;
    maxCreationTime?: number;
    order?: "asc" | "desc";
  };
  const bound = (type: "Gte" | "Lte", value: number | undefined) =>
    value === undefined ? [] : [{ type, fieldPath: "_creationTime", value }];
  const range: RangeExpression[] = [
    ...bound("Gte", minCreationTime),
    ...bound("Lte", maxCreationTime),
  ];
  const indexName = `${FILES_TABLE}.by_creation_time`;
  return {
    source: { type: "IndexRange", indexName, range, order },
    operators: [],
  };
}

function withUrl(
  { services, tx, component }: SystemCall,
  row: Record<string, JSONValue>,
): JSONValue {
  const id = row["_id"] as string;
  const file = findFile(tx, component, "storage.getUrl", id);
  return { url: file && services.files.url(component, file), ...row };
}

function deleteFiles(
  { tx, component, actor }: MutationCall,
  ids: readonly string[],
): JSONValue {
  for (const id of ids) {
    const file = findFile(tx, component, "storage.delete", id);
    if (file === null) throw new FunctionFailure(`storage id ${id} not found`);
    removeFile(tx, component, file);
  }
  const storage_ids = [...ids];
  recordIn(tx, actor, component, "delete_files", { storage_ids });
  return null;
}
