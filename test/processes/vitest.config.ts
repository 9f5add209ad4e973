import { fileURLToPath } from "node:url";
import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { processSuites } from "./suites.js";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  ssr: { resolve: { conditions: ["source", ...defaultServerConditions] } },
  test: {
    include: processSuites,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    silent: "passed-only",
  },
});
