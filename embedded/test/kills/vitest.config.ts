import { fileURLToPath } from "node:url";
import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

/** 200 kills take several minutes, for which `npm test` has no time; `KILLS` says how many. */
export default defineConfig({
  root: fileURLToPath(new URL("../../..", import.meta.url)),
  ssr: { resolve: { conditions: ["source", ...defaultServerConditions] } },
  test: {
    include: ["embedded/test/kills/*.test.ts", "test/embedded/kill.test.ts"],
    env: { KILLS: process.env["KILLS"] ?? "200" },
    // Vitest's 1 s is too short where other work shares the machine.
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 30_000,
  },
});
