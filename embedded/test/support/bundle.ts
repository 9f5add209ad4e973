import { build, type Plugin } from "esbuild";
import type { ModuleSource } from "../../src/functions/types.js";

const NAMESPACE = "convex-source";

/**
 * Bundles TypeScript modules as the official CLI does: ES modules with source
 * maps and shared chunks in `_deps/`, those that begin with `"use node"` for Node.
 *
 * @param sources - by path without extension, such as `folder/module`.
 */
export function bundle(
  sources: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, ModuleSource>> {
  const key = JSON.stringify(sources);
  const bundled = bundles.get(key) ?? bundleNow(sources);
  bundles.set(key, bundled);
  return bundled;
}

/** Bundles by their sources: tests of one file deploy the same ones over and over. */
const bundles = new Map<string, Promise<ReadonlyMap<string, ModuleSource>>>();

async function bundleNow(
  sources: Readonly<Record<string, string>>,
): Promise<Map<string, ModuleSource>> {
  const modules = new Map<string, ModuleSource>();
  for (const environment of ["isolate", "node"] as const) {
    const ofNode = environment === "node";
    const entryPoints = Object.keys(sources).filter(
      (path) => sources[path]!.trimStart().startsWith('"use node"') === ofNode,
    );
    if (entryPoints.length === 0) continue;
    for (const module of await bundleFor(environment, entryPoints, sources)) {
      modules.set(module.path, module);
    }
  }
  return modules;
}

async function bundleFor(
  environment: ModuleSource["environment"],
  entryPoints: readonly string[],
  sources: Readonly<Record<string, string>>,
): Promise<ModuleSource[]> {
  const { outputFiles } = await build({
    entryPoints: entryPoints.map((path) => ({
      in: `${NAMESPACE}:${path}`,
      out: path,
    })),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: environment === "node" ? "node" : "browser",
    target: "esnext",
    outdir: "/out",
    chunkNames: environment === "node" ? "_deps/node/[hash]" : "_deps/[hash]",
    sourcemap: true,
    write: false,
    logLevel: "silent",
    plugins: [virtualModules(sources)],
  });
  const texts = new Map(
    outputFiles.map(({ path, text }) => [path.slice("/out/".length), text]),
  );
  return [...texts]
    .filter(([path]) => path.endsWith(".js"))
    .map(([path, source]) => ({
      path,
      source,
      sourceMap: texts.get(`${path}.map`),
      environment,
    }));
}

function virtualModules(sources: Readonly<Record<string, string>>): Plugin {
  return {
    name: "virtual-modules",
    setup(context) {
      context.onResolve({ filter: /^convex-source:/ }, ({ path }) => ({
        path: `${path.slice(NAMESPACE.length + 1)}.ts`,
        namespace: NAMESPACE,
      }));
      context.onResolve(
        { filter: /^\./, namespace: NAMESPACE },
        ({ path, importer }) => {
          const base = new URL(path, `file:///${importer}`).pathname.slice(1);
          return {
            path: `${base.replace(/\.js$/, "")}.ts`,
            namespace: NAMESPACE,
          };
        },
      );
      context.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => {
        const source = sources[path.slice(0, -".ts".length)];
        return source === undefined
          ? null
          : { contents: source, loader: "ts", resolveDir: import.meta.dirname };
      });
    },
  };
}
