import { describeJson, isJsonObject } from "../http/body.js";
import { badRequest } from "../http/http.js";

export type ImportFormat = "csv" | "jsonLines" | "jsonArray" | "zip";

/** What an import does with the documents of its tables. */
export type ImportMode = "requireEmpty" | "append" | "replace" | "replaceAll";

/** The checked request for an import. */
export interface ImportRequest {
  readonly format: ImportFormat;
  readonly mode: ImportMode;
  /** Component path; `""` for the app. */
  readonly component: string;
  /** Name of the table; only a ZIP file names its tables itself. */
  readonly table: string | undefined;
}

/** Checks the `import` field of a finished upload. */
export function parseImportRequest(value: unknown): ImportRequest {
  if (!isJsonObject(value)) {
    throw invalid(`import must be an object, not ${describeJson(value)}`);
  }
  const format = oneOf(FORMATS, value["format"], "format");
  const mode = oneOf(MODES, value["mode"] ?? "requireEmpty", "mode");
  const table = optionalString(value["tableName"], "tableName");
  if ((format === "zip") !== (table === undefined)) {
    throw invalid(
      format === "zip"
        ? "a ZIP file has its tables' names, so tableName must be left out"
        : `${format} needs a tableName`,
    );
  }
  const component = optionalString(value["componentPath"], "componentPath");
  return { format, mode, table, component: component ?? "" };
}

const FORMATS = ["csv", "jsonLines", "jsonArray", "zip"] as const;
const MODES = ["requireEmpty", "append", "replace", "replaceAll"] as const;

function oneOf<T extends string>(
  allowed: readonly T[],
  value: unknown,
  what: string,
): T {
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw invalid(
    `${what} must be one of ${allowed.join(", ")}, not ${JSON.stringify(value)}`,
  );
}

function optionalString(value: unknown, what: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  throw invalid(`${what} must be a string, not ${describeJson(value)}`);
}

function invalid(problem: string) {
  return badRequest("InvalidImport", `Invalid import: ${problem}.`);
}
