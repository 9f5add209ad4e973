import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import {
  engineSuites,
  onEngine,
  partsOfEngineSuites,
} from "./embedded/test/conformance/onEngine.js";
import { heavySuites } from "./embedded/test/hostile/suites.js";
import { processSuites } from "./test/processes/suites.js";

// `source` makes @sessions-ops/embedded its TypeScript, so that no test runs against an old build.
const conditions = ["source", ...defaultServerConditions];

// They import convex-test; each runs on it and on the embedded engine.
const onConvexTest = [
  "test/convex/**/*.test.ts",
  "test/client/**/*.test.ts",
  "test/baseline/**/*.test.ts",
  "embedded/test/conformance/*.test.ts",
];

export default defineConfig({
  test: {
    // Vitest's 1 s is too short where other work shares the machine.
    expect: { poll: { timeout: 10_000 } },
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
          include: onConvexTest,
          exclude: engineSuites,
        },
      },
      {
        ...onEngine,
        extends: true,
        test: {
          ...onEngine.test,
          name: "conformance",
          include: onConvexTest,
          exclude: [...engineSuites, ...partsOfEngineSuites],
        },
      },
      {
        ssr: { resolve: { conditions } },
        extends: true,
        test: {
          name: "node",
          environment: "node",
          include: ["test/**/*.test.ts", "embedded/test/**/*.test.ts"],
          exclude: [
            ...onConvexTest,
            // Those with a browser are `npm run test:browser`.
            "test/browser/**",
            ...processSuites,
            // `npm run test:fuzz` has those that move hundreds of megabytes.
            ...heavySuites,
            // `npm run test:kills` has them.
            "test/embedded/kill.test.ts",
            "embedded/test/kills/**",
          ],
        },
      },
    ],
  },
});
