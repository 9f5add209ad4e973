import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { openPromise, type Entry, type ZipFile } from "yauzl";
import { FILES_TABLE } from "../../database/records/catalog.js";
import { HttpError } from "../http/http.js";
import type { ImportFormat, ImportRequest } from "./importRequest.js";
import {
  badRows,
  csvRows,
  jsonArray,
  jsonLines,
  type Rows,
} from "./importRows.js";

/** One table of an import file. */
export interface ImportTable {
  readonly component: string;
  readonly name: string;
  /** Reads the table's rows from the beginning, each time it is called. */
  rows(): Rows;
}

/** A stored file in an import file, under its id. */
export interface ImportedFile {
  readonly component: string;
  readonly id: string;
  open(): Promise<Readable>;
}

/** An open import file; its tables' rows are read only when asked for. */
export interface ImportFile {
  readonly tables: readonly ImportTable[];
  readonly storedFiles: readonly ImportedFile[];
  close(): void;
}

/** Fields of a table that its schema makes optional: CSV has no other word for "absent". */
export type OptionalFields = (
  component: string,
  table: string,
) => ReadonlySet<string>;

/** Name under which a snapshot keeps the numbers of its tables. */
export const TABLES_TABLE = "_tables";

/** Opens an uploaded file in the format that the request names. */
export async function openImportFile(
  path: string,
  { format, component, table: name }: ImportRequest,
  optionalFields: OptionalFields,
): Promise<ImportFile> {
  if (format === "zip") return openZip(path, component);
  if (name === undefined) throw badRows(`${format} needs a table.`);
  const read = READERS[format];
  const rows = () =>
    read(createReadStream(path), optionalFields(component, name));
  return {
    tables: [{ component, name, rows }],
    storedFiles: [],
    close: () => undefined,
  };
}

const READERS: Record<
  Exclude<ImportFormat, "zip">,
  (file: Readable, optional: ReadonlySet<string>) => Rows
> = { csv: csvRows, jsonLines, jsonArray };

async function openZip(path: string, base: string): Promise<ImportFile> {
  const zip = await openPromise(path, { autoClose: false }).catch(notZip);
  try {
    const tables = new Map<string, ImportTable>();
    const storedFiles = new Map<string, ImportedFile>();
    for await (const entry of zip.eachEntry()) {
      if (SHAPE.test(entry.fileName)) await assertUniform(zip, entry);
      const file = toStoredFile(zip, entry, base);
      if (file !== undefined) {
        const key = JSON.stringify([file.component, file.id]);
        if (storedFiles.has(key)) throw twice(entry);
        storedFiles.set(key, file);
        continue;
      }
      const table = toTable(zip, entry, base);
      if (table === undefined) continue;
      const key = JSON.stringify([table.component, table.name]);
      if (tables.has(key)) throw twice(entry);
      tables.set(key, table);
    }
    return {
      tables: [...tables.values()],
      storedFiles: [...storedFiles.values()],
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    if (error instanceof HttpError) throw error;
    return notZip(error);
  }
}

function notZip(cause: unknown): never {
  throw badRows(`Not a ZIP file that can be read: ${(cause as Error).message}`);
}

const SHAPE = /(?:^|\/)generated_schema\.jsonl$/;

/**
 * Refuses an old export. Before values that JSON lacks were written as `{"$integer": …}`, an export
 * had them as strings, and their types apart.
 */
async function assertUniform(zip: ZipFile, entry: Entry): Promise<void> {
  const shape = await text(await zip.openReadStreamPromise(entry));
  if (shape.trim() === '"uniform"') return;
  throw badRows(
    `${entry.fileName} is not "uniform": the snapshot is of a format that Convex no longer writes, in which numbers and bytes may be strings. Export it anew.`,
  );
}

/**
 * Path of a table's documents. Folders around the snapshot do not matter; macOS, for one, adds
 * them.
 */
const DOCUMENTS =
  /^(?:.*?\/)??((?:_components\/[^/]+\/)*)([^/]+)\/documents\.jsonl$/;
/** Path of a stored file: its id, and an extension that means nothing. */
const STORED_FILE =
  /^(?:.*?\/)??((?:_components\/[^/]+\/)*)_storage\/(?!documents\.jsonl$|generated_schema\.jsonl$)([^/.]+)(?:\.[^/]+)?$/;

function toTable(
  zip: ZipFile,
  entry: Entry,
  base: string,
): ImportTable | undefined {
  const { fileName } = entry;
  if (fileName.startsWith("__MACOSX/")) return undefined;
  const [, folders, name] = DOCUMENTS.exec(fileName) ?? [];
  if (folders === undefined || name === undefined) return undefined;
  // Other system tables are the deployment's own.
  if (name.startsWith("_") && name !== TABLES_TABLE && name !== FILES_TABLE) {
    return undefined;
  }
  return {
    component: componentOf(folders, base),
    name,
    rows: async function* () {
      yield* jsonLines(await zip.openReadStreamPromise(entry));
    },
  };
}

function toStoredFile(
  zip: ZipFile,
  entry: Entry,
  base: string,
): ImportedFile | undefined {
  const { fileName } = entry;
  if (fileName.startsWith("__MACOSX/")) return undefined;
  const [, folders, id] = STORED_FILE.exec(fileName) ?? [];
  if (folders === undefined || id === undefined) return undefined;
  return {
    component: componentOf(folders, base),
    id,
    open: () => zip.openReadStreamPromise(entry),
  };
}

function componentOf(folders: string, base: string): string {
  const names = [...folders.matchAll(/_components\/([^/]+)\//g)].map(
    ([, component]) => component!,
  );
  return [...(base === "" ? [] : [base]), ...names].join("/");
}

function twice({ fileName }: Entry): HttpError {
  return badRows(`The ZIP file has ${fileName} twice.`);
}
