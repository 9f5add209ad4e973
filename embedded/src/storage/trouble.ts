import { statfsSync } from "node:fs";
import { constants } from "node:os";
import { EmbeddedError } from "../errors.js";

/** The error that a store throws, and rejects with, once the disk has refused a write. */
export function writeFailed(dataDir: string, cause: unknown): EmbeddedError {
  const { what, toDo } = troubleOf(dataDir, cause);
  return new EmbeddedError(
    "storageFailed",
    `Writing to the data directory failed: ${what}. ` +
      `Nothing more is accepted, and what was acknowledged is kept; ${toDo}, then restart.`,
    { cause },
  );
}

/**
 * The error for a directory that cannot be opened; an error that already says what is wrong stays
 * as it is.
 */
export function cannotOpen(dataDir: string, cause: unknown): EmbeddedError {
  if (cause instanceof EmbeddedError) return cause;
  const { what, toDo } = troubleOf(dataDir, cause);
  return new EmbeddedError(
    "storageFailed",
    `The data directory ${dataDir} cannot be opened: ${what}. To start, ${toDo}.`,
    { cause },
  );
}

/** Free space below which a disk counts as full, as file systems do. */
const FULL_BYTES = 1024 * 1024;

function troubleOf(
  dataDir: string,
  cause: unknown,
): { what: string; toDo: string } {
  const said = cause instanceof Error ? cause.message : String(cause);
  switch (codeOf(cause)) {
    case "ENOSPC":
    case "EDQUOT":
      return full(said);
    case "EFBIG":
      return {
        what: `it may not grow any more (${said})`,
        toDo: "raise the limit on the size of files",
      };
    case "EROFS":
    case "EACCES":
    case "EPERM":
    case "ENOENT": // A folder could not be made.
      return {
        what: `it may only be read, or not even that (${said})`,
        toDo: "make it writable for this user, or choose another one",
      };
    case "EOPNOTSUPP":
    case "ENOTSUP":
      return {
        what: `its file system lacks what is needed (${said})`,
        toDo: "choose a directory on a local disk",
      };
    default:
      if (/^MDB_(CORRUPTED|PAGE_NOTFOUND|INVALID)\b/.test(said)) {
        return {
          what: `its data file is damaged (${said}), as it is in a copy that was made while a deployment was using it`,
          toDo: "restore the whole directory from a backup",
        };
      }
      // LMDB says "Input/output error" for any write that was cut short.
      return isFull(dataDir)
        ? full(said)
        : { what: said, toDo: "look after the disk" };
  }
}

/** The name of a system error's code; LMDB's errors have the number. */
function codeOf(cause: unknown): string | undefined {
  const { code } = (cause ?? {}) as { code?: string | number };
  return typeof code === "number"
    ? Object.entries(constants.errno).find(([, number]) => number === code)?.[0]
    : code;
}

function full(said: string): { what: string; toDo: string } {
  return { what: `the disk is full (${said})`, toDo: "free disk space" };
}

function isFull(dataDir: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dataDir);
    return bavail * bsize < FULL_BYTES;
  } catch {
    // A disk whose space is unknown does not count as full.
    return false;
  }
}
