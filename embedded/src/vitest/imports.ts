import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { convexToJson, type Value } from "convex/values";
import { TestDeploymentError } from "./errors.js";

/** Rows by the name of their table. */
export type Tables = Readonly<
  Record<string, readonly Readonly<Record<string, Value>>[]>
>;

/** Where the rows go. */
export interface ImportOptions {
  /** Table of the rows in a file. @default the name of the file */
  readonly table?: string;
  /** Path of the component whose tables they are. @default the app */
  readonly component?: string;
  /** What happens to rows that are there. @default "replace" */
  readonly mode?: "append" | "replace" | "replaceAll" | "requireEmpty";
}

/** Makes a request of the HTTP API with the admin key. */
type AsAdmin = (path: string, init: RequestInit) => Promise<Response>;

const FORMATS: Readonly<Record<string, string>> = {
  ".zip": "zip",
  ".jsonl": "jsonLines",
  ".json": "jsonArray",
  ".csv": "csv",
};

/**
 * Imports a file, or tables, by the steps of `npx convex import`.
 * @throws TestDeploymentError "importFailed"
 */
export async function importData(
  asAdmin: AsAdmin,
  data: string | Tables,
  options: ImportOptions,
): Promise<void> {
  if (typeof data === "string") {
    return importFile(asAdmin, data, options);
  }
  for (const [table, rows] of Object.entries(data)) {
    const lines = rows.map((row) => JSON.stringify(convexToJson(row)));
    const text = Buffer.from(lines.join("\n"));
    await importBytes(asAdmin, text, "jsonLines", { ...options, table });
  }
}

async function importFile(
  asAdmin: AsAdmin,
  file: string,
  options: ImportOptions,
): Promise<void> {
  const { name, ext } = path.parse(file);
  const format = FORMATS[ext];
  if (format === undefined) {
    throw failed(
      `${file} is of no kind that can be imported: ${Object.keys(FORMATS).join(", ")}.`,
    );
  }
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw failed(`${path.resolve(file)} could not be read.`, cause);
  }
  const ofTable = format === "zip" ? {} : { table: name };
  await importBytes(asAdmin, bytes, format, { ...ofTable, ...options });
}

async function importBytes(
  asAdmin: AsAdmin,
  bytes: Buffer,
  format: string,
  { table, component, mode = "replace" }: ImportOptions,
): Promise<void> {
  const post = async (to: string, body: unknown): Promise<unknown> => {
    const isBytes = Buffer.isBuffer(body);
    const response = await asAdmin(to, {
      method: "POST",
      headers: isBytes ? {} : { "content-type": "application/json" },
      body: isBytes ? new Uint8Array(body) : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw failed(messageOf(text));
    return text === "" ? null : JSON.parse(text);
  };

  const { uploadToken } = (await post("/api/import/start_upload", {})) as {
    uploadToken: string;
  };
  const parts: unknown[] = [];
  for (let at = 0; at < bytes.length || at === 0; at += PART_BYTES) {
    const part = bytes.subarray(at, at + PART_BYTES);
    const query = `uploadToken=${uploadToken}&partNumber=${parts.length + 1}`;
    parts.push(await post(`/api/import/upload_part?${query}`, part));
  }
  const { importId } = (await post("/api/import/finish_upload", {
    import: {
      ...{ format, mode },
      ...(table === undefined ? {} : { tableName: table }),
      ...(component === undefined ? {} : { componentPath: component }),
    },
    uploadToken,
    partTokens: parts,
  })) as { importId: string };

  for (;;) {
    const { value } = (await post("/api/query", {
      path: "_system/cli/queryImport",
      args: { importId },
      format: "json",
    })) as { value: { state: ImportState } };
    const { state } = value;
    switch (state.state) {
      case "completed":
        return;
      case "failed":
        throw failed(state.error_message ?? "The import failed.");
      case "waiting_for_confirmation":
        await post("/api/perform_import", { importId });
        break;
      default:
        await setTimeout(2);
    }
  }
}

interface ImportState {
  readonly state: string;
  readonly error_message?: string;
}

const PART_BYTES = 5 * 1_024 * 1_024;

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === "string" ? message : text;
  } catch {
    return text;
  }
}

function failed(message: string, cause?: unknown): TestDeploymentError {
  return new TestDeploymentError("importFailed", message, { cause });
}
