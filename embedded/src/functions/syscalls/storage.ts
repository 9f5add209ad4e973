import type { Transaction } from "../../database/transactions/transaction.js";
import { parseContentType, parseDigest } from "../../files/headers.js";
import {
  addFile,
  findFile,
  removeFile,
  type StoredFile,
} from "../../files/rows.js";
import { EmbeddedError } from "../../errors.js";
import type { Execution } from "../execution/execution.js";
import { FunctionFailure } from "../failure.js";
import {
  optionalString,
  stringArg,
  type AsyncSyscalls,
  type JsSyscalls,
} from "./table.js";

/** Limit for a file that an action holds: the memory that a Node action has on Convex. */
const MAX_BLOB_BYTES = 512 * 1024 * 1024;
/** Limit for a file that a mutation holds, as text among its arguments. */
const MAX_MUTATION_BLOB_BYTES = 16 * 1024 * 1024;

/** `ctx.storage`, of which each function has what fits it. */
export const storageSyscalls: AsyncSyscalls = {
  "1.0/storageGetUrl": {
    scope: "any",
    run: (execution, args) =>
      reading(execution, (tx) => {
        const id = stringArg(args, "storageId");
        const { componentPath } = execution.fn;
        const file = findFile(tx, componentPath, "storage.getUrl", id);
        return JSON.stringify(
          file && execution.runtime.files.url(componentPath, file),
        );
      }),
  },
  "1.0/storageGetMetadata": {
    scope: "any",
    run: (execution, args) =>
      reading(execution, (tx) => {
        const id = stringArg(args, "storageId");
        const { componentPath } = execution.fn;
        const file = findFile(tx, componentPath, "storage.getMetadata", id);
        return JSON.stringify(
          file && {
            storageId: file.storageId,
            // In hexadecimal here, and in base64 in the row, as on Convex.
            sha256: Buffer.from(file.sha256, "base64").toString("hex"),
            size: file.sizeBytes,
            contentType: file.contentType,
          },
        );
      }),
  },
  "1.0/storageGenerateUploadUrl": {
    scope: "any",
    run: (execution) =>
      JSON.stringify(
        execution.runtime.files.uploadUrl(
          execution.fn.componentPath,
          execution.now(),
        ),
      ),
  },
  "1.0/storageDelete": {
    scope: "any",
    run: (execution, args) => {
      const id = stringArg(args, "storageId");
      const { componentPath } = execution.fn;
      return writing(execution, (tx) => {
        const file = findFile(tx, componentPath, "storage.delete", id);
        if (file === null) {
          throw new EmbeddedError(
            "invalidArgument",
            `storage id ${id} not found`,
          );
        }
        removeFile(tx, componentPath, file);
        return "null";
      });
    },
  },
  "1.0/storageStore": {
    scope: "mutation",
    async run(execution, args) {
      const bytes = Buffer.from(stringArg(args, "blob"), "base64");
      checkSize(bytes.length, MAX_MUTATION_BLOB_BYTES, "A mutation");
      const { files } = execution.runtime;
      const draft = await files.write(
        chunksOf(new Blob([bytes]).stream()),
        digestArg(optionalString(args, "sha256")),
      );
      if (execution.finished) {
        await files.discard(draft);
        throw new FunctionFailure(
          "storage.store() was not awaited: its mutation ended before it.",
        );
      }
      files.settleAfter(execution.tx, draft);
      const id = addFile(execution.tx, execution.fn.componentPath, {
        ...draft,
        contentType: contentTypeArg(args["contentType"]),
      });
      return JSON.stringify(id);
    },
  },
  "1.0/storageGet": {
    scope: "mutation",
    async run(execution, args) {
      const file = findFile(
        execution.tx,
        execution.fn.componentPath,
        "storage.get",
        stringArg(args, "storageId"),
      );
      const bytes = await bytesOf(
        execution,
        file,
        MAX_MUTATION_BLOB_BYTES,
        "A mutation",
      );
      return JSON.stringify(
        bytes && {
          blob: bytes.toString("base64"),
          contentType: file?.contentType ?? null,
        },
      );
    },
  },
};

/** What actions do with whole files, as blobs. */
export const storageJsSyscalls: JsSyscalls = {
  "storage/storeBlob": {
    scope: "action",
    async run(execution, { blob, options }) {
      if (!(blob instanceof Blob)) {
        throw new FunctionFailure(
          "store() expects a Blob. If you are trying to store a Request, `await request.blob()` will give you the correct input.",
        );
      }
      checkSize(blob.size, MAX_BLOB_BYTES, "An action");
      const { sha256 } = (options ?? {}) as { sha256?: unknown };
      return execution.runtime.files.store(
        execution.fn.componentPath,
        chunksOf(blob.stream()),
        {
          contentType: contentTypeArg(blob.type),
          sha256: digestArg(sha256),
        },
      );
    },
  },
  "storage/getBlob": {
    scope: "action",
    async run(execution, { storageId }) {
      if (typeof storageId !== "string") {
        throw new FunctionFailure(
          `storage.get requires a string storageId but received ${String(storageId)}`,
        );
      }
      const { componentPath } = execution.fn;
      const file = await reading(execution, (tx) =>
        findFile(tx, componentPath, "storage.get", storageId),
      );
      const bytes = await bytesOf(execution, file, MAX_BLOB_BYTES, "An action");
      return bytes && new Blob([bytes], { type: file?.contentType ?? "" });
    },
  },
};

/** Reads in the function's transaction; in an action, what is on disk by then. */
function reading<T>(
  execution: Execution,
  read: (tx: Transaction) => T,
): T | Promise<T> {
  if (execution.transaction !== null) return read(execution.transaction);
  const { database } = execution.runtime;
  const snapshot = database.read();
  try {
    const value = read(snapshot);
    return database.whenDurable(snapshot.ts).then(() => value);
  } finally {
    snapshot.release();
  }
}

/** Writes in the function's transaction; in an action, in one of its own. */
function writing(
  execution: Execution,
  write: (tx: Transaction) => string,
): string | Promise<string> {
  if (execution.transaction !== null) return write(execution.transaction);
  return execution.runtime.database
    .write(write)
    .then(async ({ value, durable }) => {
      await durable;
      return value;
    });
}

async function bytesOf(
  { runtime }: Execution,
  file: StoredFile | null,
  limitBytes: number,
  who: string,
): Promise<Buffer<ArrayBuffer> | null> {
  if (file === null) return null;
  checkSize(file.sizeBytes, limitBytes, who);
  const stream = await runtime.files.open(file);
  if (stream === null) return null;
  const bytes = Buffer.alloc(file.sizeBytes);
  let position = 0;
  for await (const chunk of chunksOf(stream)) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return bytes;
}

async function* chunksOf(
  stream: ReadableStream<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const reader = stream.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    yield value;
  }
}

function checkSize(sizeBytes: number, limitBytes: number, who: string): void {
  if (sizeBytes <= limitBytes) return;
  throw new EmbeddedError(
    "limitExceeded",
    `${who} can hold a file of at most ${limitBytes / 1024 / 1024} MiB, and this one has ${sizeBytes} bytes. Upload it to a URL of storage.generateUploadUrl(), and serve it by that of storage.getUrl().`,
  );
}

function contentTypeArg(value: unknown): string | null {
  if (typeof value !== "string" || value === "") return null;
  const contentType = parseContentType(value);
  if (contentType !== undefined) return contentType;
  throw new FunctionFailure(
    `InvalidContentTypeHeader: ${JSON.stringify(value)} is no content type.`,
  );
}

function digestArg(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const digest =
    typeof value === "string" ? parseDigest(`sha-256=${value}`) : undefined;
  if (digest !== undefined) return digest;
  throw new FunctionFailure(
    `InvalidDigestHeader: sha256 must be a SHA-256 in base64, not ${JSON.stringify(value)}.`,
  );
}
