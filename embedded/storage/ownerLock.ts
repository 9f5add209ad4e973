import {
  linkSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { EmbeddedError } from "../errors.js";

/** Claims of this process: a file with our own pid is stale otherwise, as after a container restart. */
const heldHere = new Set<string>();

/**
 * Claims `dataDir` for this process, and returns how to give it up. That of a process that no longer
 * lives is taken over.
 *
 * Claims are numbered files with a pid, and the highest number has the directory. As a name is made
 * only once, and the highest is never removed, of several who find the same one stale one gets the
 * next number. A single file would have to be removed first, and whoever removes it cannot know that
 * it is still the stale one.
 */
export function lockDataDir(dataDir: string): () => void {
  const dir = resolve(dataDir);
  for (;;) {
    const latest = latestClaim(dir);
    if (latest > 0) refuseIfOwned(dataDir, claimPath(dir, latest));
    const mine = latest + 1;
    const path = claimPath(dir, mine);
    if (!tryCreate(path)) continue;
    if (latestClaim(dir) > mine) {
      // Ours was made long after we looked: its number had been used, and removed.
      rmSync(path, { force: true });
      continue;
    }
    heldHere.add(path);
    for (const old of claimsIn(dir)) {
      if (old < mine) rmSync(claimPath(dir, old), { force: true });
    }
    return () => {
      heldHere.delete(path);
      writeFileSync(path, "");
    };
  }
}

function refuseIfOwned(dataDir: string, path: string): void {
  const owner = readOwner(path);
  if (owner === null || !isRunning(owner, path)) return;
  throw new EmbeddedError(
    "dataDirInUse",
    `The data directory ${dataDir} is in use by process ${owner}. ` +
      "Stop that process or choose another data directory; " +
      `if it is not a deployment, delete ${path}.`,
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function claimPath(dir: string, claim: number): string {
  return join(dir, `owner-${claim}.pid`);
}

function claimsIn(dir: string): number[] {
  return readdirSync(dir).flatMap((name) => {
    const number = /^owner-(\d+)\.pid$/.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

/** 0 where there is none. */
function latestClaim(dir: string): number {
  return Math.max(0, ...claimsIn(dir));
}

/** Creates the file with its content in one step, so that nobody ever reads it empty. */
function tryCreate(path: string): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${process.pid}\n`, { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (errorCodeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The pid in the file; null when it has been given up or is gone. */
function readOwner(path: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(path, "utf8"), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch (error) {
    if (errorCodeOf(error) === "ENOENT") return null;
    throw error;
  }
}

function isRunning(pid: number, path: string): boolean {
  if (pid === process.pid) return heldHere.has(path);
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
