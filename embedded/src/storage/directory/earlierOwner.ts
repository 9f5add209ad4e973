/*
 * Claims of earlier versions. Versions up to 0.1.0 claimed a directory by a numbered file with their
 * pid. Such a file outlives its process, and says nothing to another pid namespace, so its pid is
 * believed only where the process can be seen to have the directory's data open.
 */

import {
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";

/** The pid of an earlier version's process that has `dir` open; null without one. */
export function earlierOwner(dir: string): number | null {
  for (const name of claimsIn(dir)) {
    const text = ifThere(() => readFileSync(join(dir, name), "utf8")) ?? "";
    const pid = Number.parseInt(text, 10);
    if (pid > 0 && pid !== process.pid && hasDataOpen(pid, dir)) return pid;
  }
  return null;
}

/**
 * Removes the claims of earlier versions, which mean nothing once this process has the directory.
 */
export function removeEarlierClaims(dir: string): void {
  for (const name of claimsIn(dir)) rmSync(join(dir, name), { force: true });
}

function claimsIn(dir: string): string[] {
  return readdirSync(dir).filter((name) => /^owner-\d+\.pid$/.test(name));
}

/**
 * Whether a process has the directory's data open. Linux shows that; elsewhere an earlier version
 * is not noticed.
 */
function hasDataOpen(pid: number, dir: string): boolean {
  const data = join(realpathSync(dir), "data.lmdb");
  const folder = `/proc/${pid}/fd`;
  const opened = ifThere(() => readdirSync(folder)) ?? [];
  return opened.some(
    (fd) => ifThere(() => readlinkSync(join(folder, fd))) === data,
  );
}

/**
 * The result of `look`; undefined for a file or process that is gone by now, or is somebody else's.
 */
function ifThere<Result>(look: () => Result): Result | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EACCES" || code === "ESRCH") return;
    throw error;
  }
}
