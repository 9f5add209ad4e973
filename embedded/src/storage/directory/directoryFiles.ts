/*
 * Which files a data directory has, and what it means that one is not there: whatever is missing is
 * named, and nothing is made in its place, as that would hide what is lost with it.
 */

import { statSync } from "node:fs";
import { chmod, open } from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedError } from "../../errors.js";

export const DATA_FILE = "data.lmdb";
/** LMDB's own, for those who read it. */
const READERS_FILE = "data.lmdb-lock";
export const LOG_FILES = ["log.0", "log.1"] as const;

/**
 * Before LMDB is opened, which makes an empty file where there is none.
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
 * Before the files of the log are opened. Both are made before the first write.
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

/** Null where there is none. */
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
