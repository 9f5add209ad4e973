import { defineConfig } from "vitest/config";
import { ROOT, settings } from "../projects.js";
import { killSuites } from "../suites.js";

/** 200 kills take several minutes, for which `npm test` has no time; `KILLS` says how many. */
export default defineConfig({
  root: ROOT,
  test: {
    ...settings,
    include: killSuites,
    env: { KILLS: process.env["KILLS"] ?? "200" },
    silent: false,
  },
});
