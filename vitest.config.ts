import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { onEngine } from "./embedded/test/conformance/onEngine.js";
import { stillClock } from "./embedded/test/conformance/stillClock.js";
import { projects, settings } from "./embedded/test/projects.js";
import {
  engineSuites,
  partsOfEngineSuites,
} from "./test/conformance/suites.js";
import { processSuites } from "./test/processes/suites.js";

// `source` makes @sessions-ops/embedded its TypeScript, so that no test runs against an old build.
const conditions = ["source", ...defaultServerConditions];

// They import convex-test; each runs on it and on the embedded engine.
const onConvexTest = [
  "test/convex/**/*.test.ts",
  "test/client/**/*.test.ts",
  "test/baseline/**/*.test.ts",
];

// They look at what transactions read and wrote, for which the engine is the better witness.
const onEngineOnly = [
  "test/contention/**/*.test.ts",
  "test/convex/**/*{c,C}osts.test.ts",
];

export default defineConfig({
  test: {
    ...settings,
    projects: [
      {
        plugins: [stillClock],
        ssr: { resolve: { conditions } },
        extends: true,
        test: {
          // What Convex's own runtime resembles: no Node modules, web APIs only.
          name: "component",
          environment: "edge-runtime",
          include: onConvexTest,
          exclude: [...engineSuites, ...onEngineOnly],
        },
      },
      {
        ...onEngine,
        ssr: { resolve: { conditions } },
        extends: true,
        test: {
          ...onEngine.test,
          setupFiles: ["test/conformance/setup.ts"],
          name: "conformance",
          include: [...onConvexTest, ...onEngineOnly],
          exclude: [...engineSuites, ...partsOfEngineSuites],
        },
      },
      {
        plugins: [stillClock],
        ssr: { resolve: { conditions } },
        extends: true,
        test: {
          name: "node",
          environment: "node",
          // Else Node loads it, past the plugin.
          server: { deps: { inline: ["convex-test"] } },
          include: ["test/**/*.test.ts"],
          exclude: [
            ...onConvexTest,
            ...onEngineOnly,
            // Those with a browser are `npm run test:browser`.
            "test/browser/**",
            ...processSuites,
            // `npm run test:kills` has it.
            "test/embedded/kill*.test.ts",
          ],
        },
      },
      ...projects,
    ],
  },
});
