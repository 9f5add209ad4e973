import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: {
      // The source of the package, so that a change of it is seen at once. An app that installed it
      // needs none of this.
      "sessions-ops/react": new URL("../react/index.ts", import.meta.url)
        .pathname,
    },
  },
  build: {
    // Recharts is most of the chunk.
    chunkSizeWarningLimit: 1_000,
  },
});
