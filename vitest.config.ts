import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

// `source` makes @sessions-ops/embedded its TypeScript, so that no test runs against an old build.
const conditions = ["source", ...defaultServerConditions];

const onConvexTest = ["test/convex/**", "test/client/**", "test/baseline/**"];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    silent: "passed-only",
    // They use import.meta.glob, which only Vite understands.
    server: { deps: { inline: ["convex-test", /@convex-dev\//] } },
    projects: [
      {
        ssr: { resolve: { conditions } },
        extends: true,
        test: {
          // What Convex's own runtime resembles: no Node modules, web APIs only.
          name: "component",
          environment: "edge-runtime",
          include: onConvexTest.map((folder) => `${folder}/*.test.ts`),
        },
      },
      {
        ssr: { resolve: { conditions } },
        extends: true,
        test: {
          name: "node",
          environment: "node",
          include: ["test/**/*.test.ts"],
          exclude: onConvexTest,
        },
      },
    ],
  },
});
