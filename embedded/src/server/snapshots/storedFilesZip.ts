import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import type { ZipFile } from "yazl";
import type { Transaction } from "../../database/transactions/transaction.js";
import { EmbeddedError } from "../../errors.js";
import { allFiles, type StoredFile } from "../../files/rows.js";
import type { StoredFiles } from "../../files/storedFiles.js";

/** Folder of a component's stored files in a snapshot. */
const STORAGE_FOLDER = "_storage";

/**
 * Adds a component's files to a snapshot: a line about each, and its bytes under its id. The bytes
 * are read when it is their turn, which `files.hold` has to keep until then.
 */
export function addStoredFiles(
  zip: ZipFile,
  snapshot: Transaction,
  files: StoredFiles,
  component: string,
  folder: string,
  mtime: Date,
): void {
  const lines = function* () {
    for (const file of allFiles(snapshot, component)) yield lineOf(file);
  };
  zip.addReadStreamLazy(
    `${folder}${STORAGE_FOLDER}/documents.jsonl`,
    { mtime, compress: true },
    (take) => take(null, Readable.from(lines(), { objectMode: false })),
  );
  for (const file of allFiles(snapshot, component)) {
    const { id, sizeBytes, contentType } = file;
    zip.addReadStreamLazy(
      `${folder}${STORAGE_FOLDER}/${id}${extensionOf(contentType)}`,
      // Most files are compressed as they are.
      { mtime, compress: false, size: sizeBytes },
      (take) => {
        open(files, file).then(
          (stream) => take(null, stream),
          (error: unknown) => take(error as Error, Readable.from([])),
        );
      },
    );
  }
}

async function open(files: StoredFiles, file: StoredFile): Promise<Readable> {
  const stream = await files.open(file);
  if (stream === null) {
    throw new EmbeddedError("internal", `The file ${file.id} is missing.`);
  }
  return Readable.fromWeb(stream as NodeReadableStream);
}

function lineOf(file: StoredFile): string {
  const { id, creationTime, sha256, sizeBytes, contentType, storageId } = file;
  const line = {
    _id: id,
    _creationTime: creationTime,
    sha256,
    size: sizeBytes,
    contentType,
    internalId: storageId,
  };
  return `${JSON.stringify(line)}\n`;
}

/** Extension that lets people look at a file; an import goes by the id alone. */
function extensionOf(contentType: string | null): string {
  const [essence = ""] = contentType?.split(";") ?? [];
  const extension = EXTENSIONS[essence.trim()];
  return extension === undefined ? "" : `.${extension}`;
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  "application/json": "json",
  "application/pdf": "pdf",
  "application/zip": "zip",
  "audio/mpeg": "mp3",
  "audio/wav": "wav",
  "image/avif": "avif",
  "image/gif": "gif",
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/svg+xml": "svg",
  "image/webp": "webp",
  "text/css": "css",
  "text/csv": "csv",
  "text/html": "html",
  "text/markdown": "md",
  "text/plain": "txt",
  "video/mp4": "mp4",
  "video/webm": "webm",
};
