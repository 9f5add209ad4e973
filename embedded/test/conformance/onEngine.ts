import { fileURLToPath } from "node:url";
import type { TestProjectInlineConfiguration } from "vitest/config";

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/**
 * Settings of a vitest project that runs tests that import `convex-test` on the embedded engine.
 */
export const onEngine = {
  resolve: {
    alias: [
      { find: /^convex-test$/, replacement: here("adapter/convexTest.ts") },
    ],
  },
  test: { environment: "edge-runtime" },
} satisfies TestProjectInlineConfiguration;
