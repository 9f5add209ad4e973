import { defineConfig } from "vitest/config";
import { projects, settings } from "./test/projects.js";

export default defineConfig({
  test: { ...settings, projects: projects },
});
