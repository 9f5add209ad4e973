import { fileURLToPath } from "node:url";
import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

/** The long version: 200 kills take several minutes. `npm test` has a few. */
export default defineConfig({
  root: fileURLToPath(new URL("../../..", import.meta.url)),
  ssr: { resolve: { conditions: ["source", ...defaultServerConditions] } },
  test: {
    include: ["test/embedded/kills/*.test.ts", "test/embedded/kill.test.ts"],
    env: { KILLS: process.env["KILLS"] ?? "200" },
    // Vitest's 1 s is too short where other work shares the machine.
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 30_000,
  },
});
