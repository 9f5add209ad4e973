import type { NextConfig } from "next";

export default {
  reactStrictMode: true,
  // This folder is an app of its own, whatever lies above it.
  turbopack: { root: import.meta.dirname },
} satisfies NextConfig;
