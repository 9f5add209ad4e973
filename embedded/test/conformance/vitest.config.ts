import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { engineSuites, onEngine } from "./onEngine.js";
import { PACKAGES } from "./packages.js";

/**
 * The tests that published packages bring, run from node_modules as they are, and this project's
 * largest. Those of convex-helpers use no deployment; they are run because they can be.
 */
export default defineConfig({
  ...onEngine,
  root: fileURLToPath(new URL("../../..", import.meta.url)),
  test: {
    ...onEngine.test,
    globalSetup: "embedded/test/conformance/beforeRun.ts",
    include: [
      ...PACKAGES.flatMap((name) => [
        `node_modules/${name}/src/**/*.test.ts`,
        `node_modules/${name}/*.test.ts`,
      ]),
      ...engineSuites,
    ],
    // Vitest leaves out node_modules otherwise, and says nothing.
    exclude: [],
    testTimeout: 30_000,
    maxWorkers: 2,
    silent: "passed-only",
    // One suite of convex-helpers takes `test` from there.
    globals: true,
    // They use import.meta.glob, which only Vite understands.
    server: { deps: { inline: [/@convex-dev\//] } },
  },
});
