import { defineConfig } from "vitest/config";
import { ROOT, settings } from "../../projects.js";
import { heavySuites } from "../../suites.js";

/** The long runs: those of `npm test` for longer, on new seeds, and those it has no time for. */
export default defineConfig({
  root: ROOT,
  test: {
    ...settings,
    include: [
      "test/conformance/fuzz/**/*.test.ts",
      "test/serializability/*.test.ts",
      "test/hostile/fuzz.test.ts",
      ...heavySuites,
    ],
    env: { FUZZ: "long" },
    maxWorkers: 1,
    silent: false,
    disableConsoleIntercept: true,
  },
});
