import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { onEngine } from "../../embedded/test/conformance/onEngine.js";
import { settings } from "../../embedded/test/projects.js";
import { engineSuites } from "./suites.js";

/** The tracker's largest tests, on the embedded engine. */
export default defineConfig({
  ...onEngine,
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: { ...settings, ...onEngine.test, include: engineSuites },
});
