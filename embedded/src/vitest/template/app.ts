import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { TestDeploymentError } from "../errors.js";

/** An app that can be pushed. */
export interface App {
  /** Folder of its package.json. */
  readonly root: string;
  /** Folder of its functions. */
  readonly functions: string;
  /** Script of the official CLI that the app has installed. */
  readonly cli: string;
  /** Manifest of the package that the CLI is of. */
  readonly cliManifest: string;
}

/**
 * Finds the app that a folder is of.
 * @param folder - of the package, of its functions, or any in it; a relative one is looked for from where
 *   the process runs
 * @throws TestDeploymentError "appNotFound"
 */
export function findApp(folder: string | URL): App {
  const from = path.resolve(
    folder instanceof URL || folder.startsWith("file:")
      ? fileURLToPath(folder)
      : folder,
  );
  const root = rootOf(from);
  const functions = path.join(root, functionsFolder(root));
  if (!isFolder(functions)) {
    throw notFound(
      `${root} has no folder ${path.relative(root, functions)} with Convex functions. Pass \`app\`: the folder of the package that has one; where its functions are elsewhere, convex.json says so.`,
    );
  }
  const require = createRequire(path.join(root, "package.json"));
  let cliManifest: string;
  try {
    cliManifest = require.resolve("convex/package.json");
  } catch (cause) {
    throw notFound(
      `${root} has no convex package to push it with. Run npm install convex.`,
      cause,
    );
  }
  const cli = path.join(path.dirname(cliManifest), "bin/main.js");
  return { root, functions, cli, cliManifest };
}

function rootOf(from: string): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, "package.json"))) return folder;
    if (folder === path.dirname(folder)) break;
  }
  throw notFound(
    `Neither ${from} nor a folder above it has a package.json. Pass \`app\`: the folder of the package that has your convex folder.`,
  );
}

function functionsFolder(root: string): string {
  const file = path.join(root, "convex.json");
  if (!existsSync(file)) return "convex";
  try {
    const { functions } = JSON.parse(readFileSync(file, "utf8")) as {
      functions?: string;
    };
    return functions ?? "convex";
  } catch (cause) {
    throw notFound(`${file} is no JSON.`, cause);
  }
}

function isFolder(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
}

function notFound(message: string, cause?: unknown): TestDeploymentError {
  return new TestDeploymentError("appNotFound", message, { cause });
}
