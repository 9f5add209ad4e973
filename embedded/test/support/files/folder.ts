import { readdirSync } from "node:fs";
import path from "node:path";

/** Paths of all stored files, settled or not, below their folder in a data directory. */
export function filesIn(dataDir: string): string[] {
  const folder = path.join(dataDir, "files");
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ parentPath, name }) =>
        path.relative(folder, path.join(parentPath, name)),
      )
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
