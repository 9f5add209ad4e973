import { fileURLToPath } from "node:url";
import type { TestProjectInlineConfiguration } from "vitest/config";
import type { InlineConfig } from "vitest/node";
import { onEngine } from "./conformance/onEngine.js";
import {
  componentSuites,
  conformanceSuites,
  heavySuites,
  killSuites,
  processSuites,
} from "./suites.js";

/** The folder of the package. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Settings that all tests share. */
export const settings: InlineConfig = {
  // Vitest's 1 s is too short where other work shares the machine.
  expect: { poll: { timeout: 10_000 } },
  testTimeout: 30_000,
  hookTimeout: 30_000,
  maxWorkers: 2,
  silent: "passed-only",
  // These packages use import.meta.glob, which only Vite understands.
  server: { deps: { inline: ["convex-test", /@convex-dev\//] } },
};

/** Projects of vitest that `npm test` runs. */
export const projects: TestProjectInlineConfiguration[] = [
  {
    extends: true,
    root: ROOT,
    test: {
      name: "embedded",
      include: ["test/**/*.test.ts"],
      exclude: [
        ...conformanceSuites,
        ...componentSuites,
        ...processSuites,
        ...heavySuites,
        ...killSuites,
      ],
    },
  },
  {
    extends: true,
    root: ROOT,
    test: {
      name: "embedded-mock",
      environment: "edge-runtime",
      include: conformanceSuites,
    },
  },
  {
    ...onEngine,
    extends: true,
    root: ROOT,
    test: {
      ...onEngine.test,
      name: "embedded-engine",
      include: conformanceSuites,
    },
  },
];
