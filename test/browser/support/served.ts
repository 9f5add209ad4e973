/** The setup of all tests: the pages, built and served, and a directory with the example deployed. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDeployment } from "@sessions-ops/embedded";
import react from "@vitejs/plugin-react";
import { build, preview, type InlineConfig } from "vite";
import type { TestProject } from "vitest/node";
import { devSignIn, DevSigner } from "../../../example/devSignIn.js";
import { deployExample, EXAMPLE } from "../../../scripts/exampleApp.js";
import { findChromium, INSECURE_HOST } from "./chromium.js";

const PAGES = join(import.meta.dirname, "../page");

declare module "vitest" {
  export interface ProvidedContext {
    /** Port on which the example is at `/` and the page of the tests at `/hooks/`. */
    pagePort: number;
    /** The directory of a closed deployment with the example's functions and no data. */
    deployedDir: string;
  }
}

export default async function setUp({ provide }: TestProject) {
  findChromium();
  const folder = await mkdtemp(join(tmpdir(), "sessions-ops-browser-"));
  const pages = join(folder, "pages");
  const deployedDir = join(folder, "deployed");
  const signer = await DevSigner.create();
  await buildPages(pages);
  const deployment = await openDeployment({ dataDir: deployedDir, port: 0 });
  try {
    await deployExample(deployment, signer);
  } finally {
    await deployment.close();
  }
  const server = await preview({
    configFile: false,
    root: folder,
    logLevel: "warn",
    build: { outDir: pages },
    preview: { host: "127.0.0.1", port: 0, allowedHosts: [INSECURE_HOST] },
    plugins: [devSignIn(signer)],
  });
  provide("deployedDir", deployedDir);
  provide(
    "pagePort",
    Number(new URL(server.resolvedUrls?.local[0] ?? "").port),
  );
  return async (): Promise<void> => {
    await server.close();
    await rm(folder, { recursive: true });
  };
}

async function buildPages(outDir: string): Promise<void> {
  await buildFor("production", {
    root: EXAMPLE,
    build: { outDir, emptyOutDir: true },
  });
  // React warns, and StrictMode mounts twice, in development only.
  await buildFor("development", {
    configFile: false,
    root: PAGES,
    base: "/hooks/",
    plugins: [react()],
    build: {
      outDir: join(outDir, "hooks"),
      emptyOutDir: true,
      minify: false,
      rolldownOptions: {
        input: ["index.html", "app.html"].map((name) => join(PAGES, name)),
      },
    },
  });
}

async function buildFor(
  environment: "production" | "development",
  config: InlineConfig,
): Promise<void> {
  const before = process.env["NODE_ENV"];
  // Vite heeds this variable more than its own mode, and Vitest has set it.
  process.env["NODE_ENV"] = environment;
  try {
    await build({
      ...config,
      mode: environment,
      logLevel: "warn",
      define: {
        // Each test has a deployment of its own, and sets its address before the page's scripts run.
        "import.meta.env.VITE_CONVEX_URL": "globalThis.CONVEX_URL",
      },
    });
  } finally {
    process.env["NODE_ENV"] = before;
  }
}
