/*
 * The files of a data directory, and the meaning of a missing one: a missing file is named, and
 * none is made in its place, as that would hide the loss.
 */

import { statSync } from "node:fs";
import { chmod, open } from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedError } from "../../errors.js";

export const DATA_FILE = "data.lmdb";
/** LMDB's own file, which lists its readers. */
const READERS_FILE = "data.lmdb-lock";
export const LOG_FILES = ["log.0", "log.1"] as const;
/** Whether a process uses the directory. */
export const STATE_FILE = "state";

/**
 * Refuses a directory whose data file is missing; to be called before LMDB is opened, which makes
 * an empty file.
 * @throws EmbeddedError "storageFailed"
 */
export function assertDataThere(dataDir: string): void {
  const hasLog = LOG_FILES.some((name) => (sizeOf(dataDir, name) ?? 0) > 0);
  if (!hasLog || (sizeOf(dataDir, DATA_FILE) ?? 0) > 0) return;
  throw missing(
    dataDir,
    [DATA_FILE],
    "it has all data but what was written last",
  );
}

/**
 * Refuses a directory whose log is missing; to be called before its files are opened. Both are made
 * before the first write.
 * @param lastRecord number of the last record of the log that LMDB has
 * @throws EmbeddedError "storageFailed"
 */
export function assertLogThere(dataDir: string, lastRecord: number): void {
  const lost = LOG_FILES.filter((name) => sizeOf(dataDir, name) === null);
  const wasWritten =
    lastRecord > 0 ||
    LOG_FILES.some((name) => (sizeOf(dataDir, name) ?? 0) > 0);
  if (lost.length === 0 || !wasWritten) return;
  throw missing(dataDir, lost, "what was acknowledged last may be only there");
}

/** Makes LMDB's files readable by their owner alone, in whatever directory; LMDB leaves that to the umask. */
export async function keepPrivate(dataDir: string): Promise<void> {
  for (const name of [DATA_FILE, READERS_FILE]) {
    const path = join(dataDir, name);
    await (await open(path, "a", 0o600)).close();
    await chmod(path, 0o600);
  }
}

/** Size of a file; null where there is none. */
function sizeOf(dataDir: string, name: string): number | null {
  return statSync(join(dataDir, name), { throwIfNoEntry: false })?.size ?? null;
}

function missing(
  dataDir: string,
  names: readonly string[],
  meaning: string,
): EmbeddedError {
  return new EmbeddedError(
    "storageFailed",
    `The data directory ${dataDir} was written to, but ${names.join(" and ")} is missing or empty: ${meaning}. ` +
      "Put it back, or restore the whole directory from a backup. Nothing was changed.",
  );
}
