import { chmodSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { defineConfig } from "vite";

const root = join(import.meta.dirname, "..");
const MAIN = join(import.meta.dirname, "main.ts");

/**
 * Builds the CLI into a few files, with the parts of its packages in them that most commands need: to
 * find and read seventy modules one by one takes longer than a command may. The packages that only some
 * need stay packages.
 */
export default defineConfig({
  root,
  publicDir: false,
  // cron-parser requires it and we import it, which would make two copies of it.
  resolve: {
    alias: { luxon: createRequire(import.meta.url).resolve("luxon") },
  },
  plugins: [
    {
      name: "executable",
      // npm makes it executable where it installs a package, and not in a clone of this repository.
      writeBundle: ({ dir = "" }) => chmodSync(join(dir, "main.js"), 0o755),
    },
  ],
  ssr: {
    noExternal: true,
    external: [
      "@inquirer/prompts",
      "@sessions-ops/embedded",
      "cli-progress",
      "log-update",
      "open",
      "yauzl",
    ],
  },
  build: {
    ssr: MAIN,
    target: "node20",
    outDir: join(root, "dist/cli"),
    emptyOutDir: true,
    license: { fileName: "licenses.md" },
    rolldownOptions: {
      output: {
        codeSplitting: {
          // The modules that each command begins with are one file, however much of it others import as
          // well. Without main, which is not over before the command is: nothing may wait for it.
          groups: [
            { name: "start", test: (id) => id !== MAIN, tags: ["$initial"] },
          ],
        },
      },
      // Bundled, the live client would lose the WebSocket that it sets up as a side effect.
      external: (id, importer) =>
        id === "convex/browser" && importer?.endsWith("/live.ts") === true,
    },
  },
});
