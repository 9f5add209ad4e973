import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/**
 * The app of `examples/nextjs` as somebody has it who follows its README: installed from a registry, where the
 * packages of this repository are those that would be published. `npm run test:nextjs` builds them first.
 */
export default defineConfig({
  root: fileURLToPath(new URL("../../..", import.meta.url)),
  test: {
    include: ["test/browser/nextjs/*.test.ts"],
    expect: { poll: { timeout: 20_000 } },
    testTimeout: 120_000,
    // To install and build Next.js is most of it.
    hookTimeout: 600_000,
    silent: "passed-only",
  },
});
