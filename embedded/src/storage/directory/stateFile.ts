/*
 * The state of a data directory: in use, and by which files, or closed, and at which record. It tells a copy that was
 * made while a deployment used the directory from what that deployment left.
 *
 * Such a copy has files of different moments, and its data file may have pages of different commits, since a copy
 * takes longer than a commit: LMDB opens it and answers with some old and some new rows. Nothing in the files shows
 * that for certain. So a directory that was in use opens only by the files that it was in use by; after a crash, or
 * where it was moved within its file system, it has them, and a copy has others. One that was closed opens if its data
 * file and its log end where it was closed.
 *
 * What is not noticed for certain: a copy that had all but the data file while the directory was closed, and was still
 * reading that file when somebody opened it and wrote.
 */

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { EmbeddedError } from "../../errors.js";
import { DATA_FILE, LOG_FILES, STATE_FILE } from "./directoryFiles.js";
import { replaceFile } from "./files.js";

/** What the state file says; `null` where it is missing, `vouched` where somebody emptied it. */
type State =
  | null
  | "vouched"
  | { readonly inUse: readonly string[] }
  | { readonly closedAt: number };

/**
 * Refuses a copy of a directory that was in use; to be called before any file is opened.
 * @throws EmbeddedError "storageFailed"
 */
export function assertNoCopyInUse(dataDir: string): void {
  const state = readState(dataDir);
  if (state === null || state === "vouched" || !("inUse" in state)) return;
  // A file that is missing is refused by its name.
  const files = fileIds(dataDir);
  if (files.includes(null)) return;
  if (files.join() !== state.inUse.join()) throw copied(dataDir);
}

/**
 * Refuses a copy that was begun while the directory was in use and ended when it had been closed, or the other way
 * round.
 * @param found numbers of the last record that LMDB has, and of the last one there is
 * @param hasState whether a state was ever written in the directory
 * @throws EmbeddedError "storageFailed"
 */
export function assertAsClosed(
  dataDir: string,
  found: { readonly inLmdb: number; readonly last: number },
  hasState: boolean,
): void {
  const state = readState(dataDir);
  if (state === "vouched") return;
  if (state === null) {
    if (hasState) throw copied(dataDir, `it lacks the file ${STATE_FILE}`);
    return;
  }
  if (!("closedAt" in state)) return;
  if (found.inLmdb !== state.closedAt || found.last !== state.closedAt) {
    throw copied(dataDir);
  }
}

/** Notes that this process uses the directory, whose files are all there. */
export async function noteInUse(dataDir: string): Promise<void> {
  await writeState(dataDir, { inUse: fileIds(dataDir).map(String) });
}

/** Notes that all is in LMDB, up to the record with this number, and nobody uses the directory. */
export async function noteClosed(
  dataDir: string,
  closedAt: number,
): Promise<void> {
  await writeState(dataDir, { closedAt });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function readState(dataDir: string): State {
  let text: string;
  try {
    text = readFileSync(join(dataDir, STATE_FILE), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  if (text.trim() === "") return "vouched";
  try {
    return JSON.parse(text) as State;
  } catch (cause) {
    throw copied(dataDir, `its file ${STATE_FILE} is damaged`, { cause });
  }
}

async function writeState(
  dataDir: string,
  state: Exclude<State, null | "vouched">,
): Promise<void> {
  await replaceFile(join(dataDir, STATE_FILE), JSON.stringify(state));
}

/**
 * What tells each file from its copies: its number in the file system, which a new one on another file system may have
 * too, and when it was made, where that is known.
 */
function fileIds(dataDir: string): (string | null)[] {
  return [DATA_FILE, ...LOG_FILES].map((name) => {
    const found = statSync(join(dataDir, name), {
      bigint: true,
      throwIfNoEntry: false,
    });
    return found === undefined ? null : `${found.ino}-${found.birthtimeNs}`;
  });
}

function copied(
  dataDir: string,
  why = "its files are not those that were in use, or not of one moment",
  options?: ErrorOptions,
): EmbeddedError {
  return new EmbeddedError(
    "storageFailed",
    `The data directory ${dataDir} looks like a copy of one that a deployment was using: ${why}. ` +
      "Such a copy may have lost some of what was written, anywhere in it. Copy the directory again while nothing uses it, " +
      "or take what a deployment holds while it runs by `npx convex export`. " +
      `Where nothing was writing while it was copied, as its process had been killed, empty the file ${join(dataDir, STATE_FILE)}: then it opens as it is. Nothing was changed.`,
    options,
  );
}
