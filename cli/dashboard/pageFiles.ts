import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError } from "../errors.js";

export interface PageFile {
  readonly type: string;
  readonly content: Buffer;
}

/** The built page, by the paths its files refer to each other by; few enough to be kept. */
export type PageFiles = ReadonlyMap<string, PageFile>;

export function readPageFiles(): PageFiles {
  const folder = findFolder();
  const files = new Map<string, PageFile>();
  for (const entry of readdirSync(folder, {
    recursive: true,
    withFileTypes: true,
  })) {
    if (!entry.isFile()) continue;
    const full = join(entry.parentPath, entry.name);
    const type = TYPES[extname(entry.name)];
    if (type === undefined) continue;
    const path = relative(folder, full).split(sep).join("/");
    files.set(path, { type, content: readFileSync(full) });
  }
  return files;
}

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The folder of the built page: beside the compiled CLI, or below the sources. */
function findFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const folders = ["../../dashboard", "../../dist/dashboard"];
  for (const folder of folders.map((path) => join(here, path))) {
    if (existsSync(join(folder, "index.html"))) return folder;
  }
  throw new CliError(
    "failure",
    "The dashboard's page has not been built. In a clone of the repository, run `npm run build`; else install sessions-ops anew.",
  );
}
