import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { defineConfig } from "vitest/config";
import { ROOT, settings } from "../projects.js";
import { onEngine } from "./onEngine.js";
import { PACKAGES } from "./packages.js";

/**
 * Runs the tests of published packages, from node_modules as they are. Those of convex-helpers use
 * no deployment; they are run because they can be.
 */
export default defineConfig({
  ...onEngine,
  root: ROOT,
  test: {
    ...settings,
    ...onEngine.test,
    globalSetup: "test/conformance/beforeRun.ts",
    setupFiles: "test/conformance/setup.ts",
    include: PACKAGES.flatMap((name) => {
      const folder = path.relative(ROOT, folderOf(name));
      return [`${folder}/src/**/*.test.ts`, `${folder}/*.test.ts`];
    }),
    // Vitest leaves out node_modules otherwise, and says nothing.
    exclude: [],
    // One suite of convex-helpers uses the global `test`.
    globals: true,
  },
});

/** The folder in which npm has put a package: beside this one, or above it. */
function folderOf(name: string): string {
  const places = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const folder = places
    .map((place) => path.join(place, name))
    .find((place) => existsSync(place));
  if (folder === undefined) throw new Error(`${name} is not installed.`);
  return folder;
}
