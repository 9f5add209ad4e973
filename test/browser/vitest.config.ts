import { fileURLToPath } from "node:url";
import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

/** Tests of real pages in a real Chromium, which `npm test` can do without. */
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  ssr: { resolve: { conditions: ["source", ...defaultServerConditions] } },
  test: {
    include: ["test/browser/*.test.ts"],
    globalSetup: "test/browser/support/served.ts",
    // A browser is several processes by itself.
    maxWorkers: 1,
    // Vitest's 1 s is too short where other work shares the machine.
    expect: { poll: { timeout: 10_000 } },
    testTimeout: 180_000,
    hookTimeout: 180_000,
    silent: "passed-only",
  },
});
