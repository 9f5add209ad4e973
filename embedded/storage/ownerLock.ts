import {
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { EmbeddedError } from "../errors.js";

/** Directories this process holds: a pid file with our own pid is stale otherwise, as after a container restart. */
const heldHere = new Set<string>();

/**
 * Claims `dataDir` for this process with a pid file; returns how to give it up.
 * The file of a process that no longer lives is taken over.
 */
export function lockDataDir(dataDir: string): () => void {
  const path = join(resolve(dataDir), "owner.pid");
  while (!tryCreate(path)) {
    const owner = readOwner(path);
    if (owner !== null && isRunning(owner, path)) {
      throw new EmbeddedError(
        "dataDirInUse",
        `The data directory ${dataDir} is in use by process ${owner}. ` +
          "Stop that process or choose another data directory; " +
          `if it is not a deployment, delete ${path}.`,
      );
    }
    removeStale(path, owner);
  }
  heldHere.add(path);
  return () => {
    heldHere.delete(path);
    if (readOwner(path) === process.pid) rmSync(path, { force: true });
  };
}

/**
 * Makes way for a new file. Of several who find the same stale one, all but the first move away
 * what that first one has put in its place: they see whose it is, and put it back.
 */
function removeStale(path: string, owner: number | null): void {
  const moved = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, moved);
    if (readOwner(moved) !== owner) linkSync(moved, path);
  } catch (error) {
    // Somebody was quicker; the next look tells who.
    if (!["ENOENT", "EEXIST"].includes(String(errorCodeOf(error)))) throw error;
  } finally {
    rmSync(moved, { force: true });
  }
}

/** Creates the file with its content in one step, so that nobody ever reads it empty. */
function tryCreate(path: string): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${process.pid}\n`, { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (errorCodeOf(error) === "EEXIST") {
      return false;
    }
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The pid in the file, or null when the file is gone or holds none. */
function readOwner(path: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(path, "utf8"), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch (error) {
    if (errorCodeOf(error) === "ENOENT") {
      return null;
    }
    throw error;
  }
}

function isRunning(pid: number, path: string): boolean {
  if (pid === process.pid) {
    return heldHere.has(path);
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, but belongs to someone else.
    return errorCodeOf(error) === "EPERM";
  }
}

function errorCodeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
