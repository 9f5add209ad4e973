import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { excludedSuites } from "./differences.js";
import { onEngine, slowSuites } from "./onEngine.js";

const PACKAGES = [
  "workpool",
  "batch-worker",
  "aggregate",
  "rate-limiter",
  "migrations",
];

/**
 * The tests that published packages bring, run from node_modules as they are, and this project's
 * slow ones. convex-helpers publishes none that use a deployment.
 */
export default defineConfig({
  ...onEngine,
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    ...onEngine.test,
    globalSetup: "test/conformance/printDifferences.ts",
    include: [
      ...PACKAGES.map(
        (name) => `node_modules/@convex-dev/${name}/src/**/*.test.ts`,
      ),
      ...slowSuites,
    ],
    exclude: excludedSuites.map(({ file }) => file),
    testTimeout: 30_000,
    maxWorkers: 2,
    silent: "passed-only",
    // They use import.meta.glob, which only Vite understands.
    server: { deps: { inline: [/@convex-dev\//] } },
  },
});
