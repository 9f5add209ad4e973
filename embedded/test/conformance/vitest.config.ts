import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { defineConfig } from "vitest/config";
import { ROOT, settings } from "../projects.js";
import { componentSuites } from "../suites.js";
import { onEngine } from "./onEngine.js";
import { PACKAGES } from "./packages.js";
import { stillClock } from "./stillClock.js";

/**
 * Runs the tests of published packages, from node_modules as they are. Packages that ship none have
 * suites of ours, which run on the mock too.
 */
export default defineConfig({
  root: ROOT,
  test: {
    ...settings,
    projects: [
      {
        ...onEngine,
        extends: true,
        root: ROOT,
        resolve: {
          alias: [...onEngine.resolve.alias, ...workpoolOfWorkflow()],
        },
        test: {
          ...onEngine.test,
          name: "engine",
          globalSetup: "test/conformance/beforeRun.ts",
          setupFiles: "test/conformance/setup.ts",
          include: [...PACKAGES.flatMap(suitesOf), ...componentSuites],
          // Vitest leaves out node_modules otherwise, and says nothing.
          exclude: [],
        },
      },
      {
        extends: true,
        root: ROOT,
        plugins: [stillClock],
        test: {
          name: "mock",
          environment: "edge-runtime",
          include: componentSuites,
        },
      },
    ],
  },
});

function suitesOf(name: string): string[] {
  const folder = path.relative(ROOT, folderOf(name));
  return [`${folder}/src/**/*.test.ts`, `${folder}/*.test.ts`];
}

/** The suite of workflow imports workpool by where it is in workflow's own repository. */
function workpoolOfWorkflow() {
  const name = "@convex-dev/workpool";
  return [{ find: `../../node_modules/${name}`, replacement: folderOf(name) }];
}

/** The folder in which npm has put a package: beside this one, or above it. */
function folderOf(name: string): string {
  const places = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const folder = places
    .map((place) => path.join(place, name))
    .find((place) => existsSync(place));
  if (folder === undefined) throw new Error(`${name} is not installed.`);
  return folder;
}
