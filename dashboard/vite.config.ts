import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The page that `sessions-ops dashboard` serves, as files that the package carries. */
export default defineConfig({
  root: here("page"),
  // The page is served below a path that differs each time.
  base: "./",
  build: {
    outDir: here("../dist/dashboard"),
    emptyOutDir: true,
    // The page's policy allows no inline code.
    assetsInlineLimit: 0,
    // One file, over loopback: there is nothing to gain by splitting recharts off.
    chunkSizeWarningLimit: 1_000,
  },
});
