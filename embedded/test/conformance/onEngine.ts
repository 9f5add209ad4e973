import { fileURLToPath } from "node:url";
import { defaultServerConditions } from "vite";
import type { TestProjectInlineConfiguration } from "vitest/config";

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** What makes a vitest project run tests that import `convex-test` on the embedded engine. */
export const onEngine = {
  ssr: { resolve: { conditions: ["source", ...defaultServerConditions] } },
  resolve: {
    alias: [{ find: /^convex-test$/, replacement: here("convexTest.ts") }],
  },
  test: {
    environment: "edge-runtime",
    setupFiles: [here("expectDifferences.ts")],
  },
} satisfies TestProjectInlineConfiguration;

/** What only the engine can hold, and `npm test` has no time for. */
export const engineSuites = ["test/convex/scale/*.test.ts"];

/** What `scale` has in all its combinations on the engine, and `npm test` in some on the mock. */
export const partsOfEngineSuites = ["test/convex/clockChanges.test.ts"];
