import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { settings } from "../../embedded/test/projects.js";

/** 200 kills take several minutes, for which `npm test` has no time; `KILLS` says how many. */
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    ...settings,
    include: ["test/embedded/kill*.test.ts"],
    env: { KILLS: process.env["KILLS"] ?? "200" },
    silent: false,
  },
});
