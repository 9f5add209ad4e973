import { defineConfig } from "vitest/config";
import { ROOT, settings } from "./projects.js";
import { processSuites } from "./suites.js";

export default defineConfig({
  root: ROOT,
  test: { ...settings, include: processSuites },
});
