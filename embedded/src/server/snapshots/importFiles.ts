import { randomUUID } from "node:crypto";
import type { JSONValue } from "convex/values";
import { FILES_TABLE } from "../../database/records/catalog.js";
import { inspectIds } from "../../database/imports/importedDocuments.js";
import { parseContentType, parseDigest } from "../../files/headers.js";
import { STORAGE_KEY } from "../../files/fileDisk.js";
import { toFields } from "../../files/rows.js";
import type { Draft, StoredFiles } from "../../files/storedFiles.js";
import { isJsonObject } from "../http/body.js";
import type { ImportTable, ImportedFile } from "./importFile.js";
import { badRows } from "./importRows.js";

/** A file to import, and what the snapshot says of it. */
export interface PlannedFile extends FileMetadata {
  readonly source: ImportedFile;
}

interface FileMetadata {
  readonly creationTime?: number;
  /** SHA-256 that its bytes must have, in base64. */
  readonly sha256?: string;
  readonly contentType?: string;
  /** The UUID in its URLs. */
  readonly storageId?: string;
}

/** A component's files in an import. */
export interface FilesPlan {
  readonly files: readonly PlannedFile[];
  /** How many files the snapshot tells of that are not in it. */
  readonly missing: number;
  readonly number: number | undefined;
  readonly hasForeignIds: boolean;
}

/** Plans the import of a component's files by what `_storage/documents.jsonl`, if there is one, says. */
export async function planFiles(
  sources: readonly ImportedFile[],
  table: ImportTable | undefined,
): Promise<FilesPlan> {
  const metadata = new Map<string, FileMetadata>();
  for await (const row of table?.rows() ?? []) {
    const [id, about] = parseRow(row);
    metadata.set(id, about);
  }
  let number: number | undefined;
  let hasForeignIds = false;
  const files = sources.map((source): PlannedFile => {
    const about = metadata.get(source.id) ?? {};
    metadata.delete(source.id);
    const ids = inspectIds({
      _id: source.id,
      ...(about.creationTime === undefined
        ? {}
        : { _creationTime: about.creationTime }),
    });
    number ??= ids.number;
    hasForeignIds ||= ids.areForeign;
    return { source, ...about };
  });
  return { files, missing: metadata.size, number, hasForeignIds };
}

/** Files of an import that are on disk, and the rows that are to name them in one commit. */
interface FileBatch {
  readonly rows: readonly Record<string, JSONValue>[];
  /** Once the rows are on disk. */
  settle(): Promise<void>;
  /** Where they will never be. */
  discard(): Promise<void>;
}

/** Limits for the files of one commit; their bytes are unsettled until then. */
const BATCH = { files: 200, bytes: 64 * 1_024 * 1_024 };

/** Writes the files of an import to disk, some at a time. */
export async function* fileBatches(
  planned: readonly PlannedFile[],
  files: StoredFiles,
  signal: AbortSignal,
): AsyncIterable<FileBatch> {
  let drafts: Draft[] = [];
  let rows: Record<string, JSONValue>[] = [];
  let bytes = 0;
  const take = (): FileBatch => {
    const [taken, takenRows] = [drafts, rows];
    [drafts, rows, bytes] = [[], [], 0];
    return {
      rows: takenRows,
      settle: () => forEach(taken, (draft) => files.settle(draft.storageKey)),
      discard: () => forEach(taken, (draft) => files.discard(draft)),
    };
  };
  try {
    for (const { source, ...about } of planned) {
      signal.throwIfAborted();
      const draft = await files.write(await source.open(), about.sha256);
      drafts.push(draft);
      rows.push(toRow(source.id, draft, about));
      bytes += draft.sizeBytes;
      if (drafts.length === BATCH.files || bytes > BATCH.bytes) yield take();
    }
  } catch (error) {
    await take().discard();
    throw error;
  }
  if (drafts.length > 0) yield take();
}

function toRow(
  id: string,
  { storageKey, sha256, sizeBytes }: Draft,
  { creationTime, contentType, storageId }: FileMetadata,
): Record<string, JSONValue> {
  return {
    _id: id,
    ...(creationTime === undefined ? {} : { _creationTime: creationTime }),
    ...toFields({
      storageKey,
      sha256,
      sizeBytes,
      contentType: contentType ?? null,
      storageId: storageId ?? randomUUID(),
    }),
  };
}

async function forEach<T>(
  all: readonly T[],
  act: (one: T) => Promise<void>,
): Promise<void> {
  for (const one of all) await act(one);
}

function parseRow(row: unknown): [id: string, about: FileMetadata] {
  if (!isJsonObject(row) || typeof row["_id"] !== "string") throw badRow(row);
  const { _creationTime: creationTime, sha256, contentType, internalId } = row;
  if (!isAbsent(creationTime) && typeof creationTime !== "number") {
    throw badRow(row);
  }
  return [
    row["_id"],
    {
      ...(isAbsent(creationTime) ? {} : { creationTime }),
      ...optional(row, "sha256", sha256, (text) =>
        parseDigest(`sha-256=${text}`),
      ),
      ...optional(row, "contentType", contentType, parseContentType),
      ...optional(row, "storageId", internalId, (text) =>
        STORAGE_KEY.test(text) ? text : undefined,
      ),
    },
  ];
}

function optional<Name extends string>(
  row: unknown,
  name: Name,
  value: unknown,
  parse: (text: string) => string | undefined,
): Partial<Record<Name, string>> {
  if (isAbsent(value)) return {};
  const parsed = typeof value === "string" ? parse(value) : undefined;
  if (parsed === undefined) throw badRow(row);
  return { [name]: parsed } as Record<Name, string>;
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function badRow(row: unknown) {
  return badRows(
    `A row of ${FILES_TABLE} must have an _id, and may have _creationTime, sha256 (base64), contentType and internalId (a UUID); it was ${JSON.stringify(row)}.`,
  );
}
