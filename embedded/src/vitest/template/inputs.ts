import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { App } from "./app.js";

/** The state of a file; null for one that is not there. */
type FileState = {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly hash: string;
} | null;

/** All that a push is made of, at one moment. */
export interface Inputs {
  /** The files, by their paths. */
  readonly files: Readonly<Record<string, FileState>>;
  /** The names in the folders of functions, by their paths. */
  readonly folders: Readonly<Record<string, readonly string[]>>;
}

/**
 * The inputs of a push of the app: whatever its functions, and those of its components, import, and the
 * engine that takes it.
 */
export async function inputsOf(app: App): Promise<Inputs> {
  const { files, folders } = await bundledFiles(app);
  const settings = [
    app.cliManifest,
    ...["package.json", "convex.json", "tsconfig.json"].map((name) =>
      path.join(app.root, name),
    ),
    path.join(app.functions, "tsconfig.json"),
  ];
  const states = await Promise.all(
    [...new Set([...files, ...settings, ...engineFiles()])]
      .sort()
      .map(async (file) => [file, await stateOf(file)] as const),
  );
  return {
    files: Object.fromEntries(states),
    folders: Object.fromEntries(
      folders.map((folder) => [folder, namesIn(folder)]),
    ),
  };
}

/** Whether nothing has changed since. */
export async function areCurrent({ files, folders }: Inputs): Promise<boolean> {
  const sameNames = Object.entries(folders).every(
    ([folder, names]) =>
      existsSync(folder) && namesIn(folder).join() === names.join(),
  );
  if (!sameNames) return false;
  const same = await Promise.all(
    Object.entries(files).map(([file, before]) => isSame(file, before)),
  );
  return same.every((is) => is);
}

/** What tells inputs from others, wherever the app is. */
export function contentsOf({ files }: Inputs, { root }: App): string[] {
  return Object.entries(files).flatMap(([file, state]) => [
    path.relative(root, file),
    state?.hash ?? "",
  ]);
}

async function isSame(file: string, before: FileState): Promise<boolean> {
  const now = await stat(file).catch(() => null);
  if (now === null || before === null) return now === before;
  if (now.size !== before.sizeBytes) return false;
  if (now.mtimeMs === before.mtimeMs) return true;
  return hashOf(await readFile(file)) === before.hash;
}

async function stateOf(file: string): Promise<FileState> {
  try {
    const [{ size, mtimeMs }, bytes] = await Promise.all([
      stat(file),
      readFile(file),
    ]);
    return { sizeBytes: size, mtimeMs, hash: hashOf(bytes) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("base64url");
}

const CODE = /^[^.#][^. ]*\.[cm]?[jt]sx?$/;
/** Files that the CLI looks at beside the functions. */
const SPECIAL = /^(schema|auth\.config|convex\.config)\.[cm]?[jt]s$/;
const DEFINITION = /^convex\.config\.[cm]?[jt]s$/;

/**
 * The files that are bundled, found as the CLI does, with the folders that its entry points are in. A component is
 * known by its definition, which the app's imports.
 */
async function bundledFiles(app: App) {
  const files = new Set<string>();
  const folders = new Set<string>();
  let found = [app.functions];
  while (found.length > 0) {
    const entryPoints = found.flatMap((folder) => entriesIn(folder, folders));
    const { metafile } = await build({
      absWorkingDir: app.root,
      entryPoints,
      outdir: "out",
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "node",
      conditions: ["convex", "module"],
      loader: { ".wasm": "file" },
      logLevel: "silent",
    });
    for (const name of Object.keys(metafile.inputs)) {
      const file = path.resolve(app.root, name);
      // A name such as `(disabled):fs` is of no file.
      if (existsSync(file)) files.add(file);
    }
    found = [...files]
      .filter((file) => DEFINITION.test(path.basename(file)))
      .map((file) => path.dirname(file))
      .filter((folder) => !folders.has(folder));
    found = [...new Set(found)];
  }
  return { files, folders: [...folders].sort() };
}

/** The code of this package, as it runs. */
function engineFiles(): string[] {
  const top = path.resolve(fileURLToPath(import.meta.url), "../../..");
  return readdirSync(top, { recursive: true, encoding: "utf8" })
    .filter((name) => /(?<!\.d)\.[jt]s$/.test(name))
    .map((name) => path.join(top, name));
}

/** The entry points of an app or a component, whose folders are added to `folders`. */
function entriesIn(top: string, folders: Set<string>): string[] {
  folders.add(top);
  return readdirSync(top, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(top, entry.name);
    if (entry.isDirectory()) {
      const isLeftOut =
        entry.name === "_generated" ||
        entry.name === "node_modules" ||
        readdirSync(file).some((name) => DEFINITION.test(name));
      return isLeftOut ? [] : entriesIn(file, folders);
    }
    return CODE.test(entry.name) || SPECIAL.test(entry.name) ? [file] : [];
  });
}

function namesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => CODE.test(name) || SPECIAL.test(name))
    .sort();
}
