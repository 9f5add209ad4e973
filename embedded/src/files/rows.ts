import { randomUUID } from "node:crypto";
import type { JSONValue } from "convex/values";
import { FILES_TABLE } from "../database/records/catalog.js";
import { GONE_FILES } from "../database/records/retired.js";
import type { Transaction } from "../database/transactions/transaction.js";
import { decodeId } from "../database/values/ids.js";
import { EmbeddedError } from "../errors.js";
import { STORAGE_KEY } from "./fileDisk.js";

/** A file's row in `_storage`. */
export interface StoredFile {
  readonly id: string;
  readonly creationTime: number;
  /** The UUID in the file's URLs. */
  readonly storageId: string;
  /** Name of its bytes on disk, which nobody is told. */
  readonly storageKey: string;
  /** SHA-256 of its bytes, in base64. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly contentType: string | null;
}

/** Fields of a row that functions do not see by its id. */
export type FileFields = Pick<
  StoredFile,
  "storageId" | "storageKey" | "sha256" | "sizeBytes" | "contentType"
>;

/**
 * Finds a file by its id, or by the UUID in its URLs, with which old apps name files.
 * @param operation - what the caller called, for the error text
 * @throws EmbeddedError "invalidArgument" where it can be the id of no file
 */
export function findFile(
  tx: Transaction,
  component: string,
  operation: string,
  storageId: string,
): StoredFile | null {
  const decoded = decodeId(storageId);
  if (!("problem" in decoded)) {
    if (tx.tableName(component, decoded.tableNumber) !== FILES_TABLE) {
      throw invalid(
        "Invalid storage ID. Storage ID cannot be an ID on any table other than '_storage'.",
      );
    }
    return fromRow(tx.system.get(component, FILES_TABLE, storageId));
  }
  if (!IS_UUID.test(storageId)) {
    throw invalid(
      `Invalid argument \`storageId\` for \`${operation}\`: Invalid storage ID: ${JSON.stringify(storageId.slice(0, 200))}. Storage ID should be an Id of '_storage' table, or a UUID string.`,
    );
  }
  return findByUuid(tx, component, storageId.toLowerCase());
}

/** Finds a file by the UUID in its URLs. */
export function findByUuid(
  tx: Transaction,
  component: string,
  storageId: string,
): StoredFile | null {
  return fromRow(
    tx.system.findBy(component, FILES_TABLE, "storageId", storageId),
  );
}

/** Whether a row of any component names the bytes with a storage key. */
export function isNamed(tx: Transaction, storageKey: string): boolean {
  return tx
    .componentPaths()
    .some(
      (component) =>
        tx.system.findBy(component, FILES_TABLE, "storageKey", storageKey) !==
        null,
    );
}

/** Writes a new file's row and returns its id. */
export function addFile(
  tx: Transaction,
  component: string,
  file: Omit<FileFields, "storageId">,
): string {
  return tx.system.insert(
    component,
    FILES_TABLE,
    toFields({ ...file, storageId: randomUUID() }),
  );
}

/** Removes a file's row; its bytes go once that is on disk. */
export function removeFile(
  tx: Transaction,
  component: string,
  { id, storageKey }: StoredFile,
): void {
  tx.system.remove(component, id);
  tx.meta.put(GONE_FILES + storageKey, "");
}

/** All files of a component, as one snapshot shows them. */
export function* allFiles(
  snapshot: Transaction,
  component: string,
): Iterable<StoredFile> {
  let after: string | null = null;
  for (;;) {
    const rows = snapshot.system.page(component, FILES_TABLE, after, PAGE_ROWS);
    for (const row of rows) yield fromRow(row)!;
    const last = rows.at(-1);
    if (rows.length < PAGE_ROWS || last === undefined) return;
    after = last["_id"] as string;
  }
}

const PAGE_ROWS = 500;

/** The fields of a row. */
export function toFields({
  storageId,
  storageKey,
  sha256,
  sizeBytes,
  contentType,
}: FileFields): Record<string, JSONValue> {
  return { contentType, sha256, size: sizeBytes, storageId, storageKey };
}

function fromRow(row: Record<string, JSONValue> | null): StoredFile | null {
  if (row === null) return null;
  return {
    id: row["_id"] as string,
    creationTime: row["_creationTime"] as number,
    storageId: row["storageId"] as string,
    storageKey: row["storageKey"] as string,
    sha256: row["sha256"] as string,
    sizeBytes: row["size"] as number,
    contentType: row["contentType"] as string | null,
  };
}

/** A UUID as people write one. */
const IS_UUID = new RegExp(STORAGE_KEY.source, "i");

function invalid(message: string): EmbeddedError {
  return new EmbeddedError("invalidArgument", message);
}
