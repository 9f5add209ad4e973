import { fileURLToPath } from "node:url";
import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { processSuites } from "./suites.js";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  ssr: { resolve: { conditions: ["source", ...defaultServerConditions] } },
  test: {
    include: processSuites,
    // Vitest's 1 s is too short where other work shares the machine.
    expect: { poll: { timeout: 10_000 } },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    silent: "passed-only",
  },
});
