import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: {
      // The source, so that a change of the package is seen at once. An app that installed it needs none of this.
      "sessions-ops/react": new URL("../react/index.ts", import.meta.url)
        .pathname,
    },
  },
  build: {
    // Recharts is most of it.
    chunkSizeWarningLimit: 1_000,
  },
});
