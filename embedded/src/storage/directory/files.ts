import { constants, mkdirSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Makes a directory, with missing parents, so that it survives a power failure. */
export async function makeDirectory(path: string): Promise<void> {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  let made = resolve(path);
  do {
    made = dirname(made);
    await syncDirectory(made);
  } while (made !== dirname(first));
}

/** Replaces a file's content; after a crash the file has either the old or the new. */
export async function replaceFile(
  path: string,
  content: string,
): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncDirectory(dirname(path));
}

/**
 * Makes new files of a directory survive a power failure. Windows has no such call for directories.
 */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const directory = await open(path, constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
