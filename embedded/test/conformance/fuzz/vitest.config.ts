import { fileURLToPath } from "node:url";
import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { heavySuites } from "../../hostile/suites.js";

/** The long runs: what `npm test` does for seconds, on new seeds, and what it has no time for. */
export default defineConfig({
  root: fileURLToPath(new URL("../../../..", import.meta.url)),
  ssr: { resolve: { conditions: ["source", ...defaultServerConditions] } },
  test: {
    include: [
      "embedded/test/conformance/fuzz/differential.test.ts",
      "embedded/test/serializability/*.test.ts",
      "embedded/test/hostile/fuzz.test.ts",
      ...heavySuites,
    ],
    env: { FUZZ: "long" },
    // Vitest's 1 s is too short where other work shares the machine.
    expect: { poll: { timeout: 10_000 } },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 1,
    disableConsoleIntercept: true,
    // convex-test uses import.meta.glob, which only Vite understands.
    server: { deps: { inline: ["convex-test"] } },
  },
});
