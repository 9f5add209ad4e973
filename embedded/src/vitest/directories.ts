import { constants, rmSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const PREFIX = "sessions-ops-test-";
const OWNED = new RegExp(`^${PREFIX}(\\d+)-`);

/** Makes a directory of this process, with a copy of a data directory that nobody uses. */
export async function copyOf(dataDir: string): Promise<string> {
  sweep ??= removeLeftBehind();
  await sweep;
  const copy = await mkdtemp(path.join(tmpdir(), `${PREFIX}${process.pid}-`));
  removeAtExit(copy);
  await copyFiles(dataDir, copy);
  return copy;
}

/** Removes such a directory. */
export async function remove(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  left.delete(directory);
  if (left.size === 0) process.off("exit", removeLeft);
}

async function copyFiles(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const [source, target] = [from, to].map((folder) =>
        path.join(folder, entry.name),
      ) as [string, string];
      if (entry.isDirectory()) {
        await mkdir(target, { mode: 0o700 });
        await copyFiles(source, target);
      } else if (entry.isFile() && !OF_A_PROCESS.has(entry.name)) {
        // Where the file system can, the copy takes no space until it is written to.
        await copyFile(source, target, constants.COPYFILE_FICLONE);
      }
    }),
  );
}

/** Files of the process that had the directory. */
const OF_A_PROCESS = new Set(["data.lmdb-lock", "job-under-way"]);

let sweep: Promise<void> | undefined;

/** Removes directories whose process ended before it could. */
async function removeLeftBehind(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, pid] = OWNED.exec(name) ?? [];
    if (pid !== undefined && !lives(Number(pid))) {
      await remove(path.join(tmpdir(), name));
    }
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is another user's.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Directories to be removed when the process ends. */
const left = new Set<string>();

/** Has a directory removed should the process end before {@link remove} was called. */
function removeAtExit(directory: string): void {
  if (left.size === 0) process.once("exit", removeLeft);
  left.add(directory);
}

function removeLeft(): void {
  for (const directory of left) {
    rmSync(directory, { recursive: true, force: true });
  }
}
