import type { JSONValue } from "convex/values";
import { integerJson } from "../../database/transactions/commitTs.js";
import type { AuditEvent } from "../auditLog.js";
import type { ImportRequest } from "./importRequest.js";

/** Tables that an entry of the audit log names; of more, it has the number. */
const MAX_NAMED = 20;

interface TableName {
  readonly component: string;
  readonly name: string;
}

/** An import as the audit log has it. */
export function importEvent(
  { mode, format, table }: ImportRequest,
  imported: readonly TableName[],
  deleted: readonly TableName[],
): AuditEvent {
  return {
    action: "snapshot_import",
    metadata: {
      table_names: byComponent(imported),
      table_count: integer(imported.length),
      import_mode: `${mode.charAt(0).toUpperCase()}${mode.slice(1)}`,
      import_format:
        table === undefined
          ? { format: "zip" }
          : { format: FORMATS[format], table },
      requestor: { type: "snapshotImport" },
      table_names_deleted: byComponent(deleted),
      table_count_deleted: integer(deleted.length),
    },
  };
}

const FORMATS = {
  csv: "csv",
  jsonLines: "jsonl",
  jsonArray: "json_array",
  zip: "zip",
} as const;

function byComponent(tables: readonly TableName[]): JSONValue {
  const names = new Map<string, string[]>();
  for (const { component, name } of tables.slice(0, MAX_NAMED)) {
    names.set(component, [...(names.get(component) ?? []), name]);
  }
  return [...names].map(([component, table_names]) => ({
    component: component === "" ? null : component,
    table_names,
  }));
}

function integer(value: number): JSONValue {
  return JSON.parse(integerJson(BigInt(value))) as JSONValue;
}
