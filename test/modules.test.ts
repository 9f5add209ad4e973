/**
 * The modules that a deployment loads before it runs a function that visitors call, as the push bundles
 * them. A cold start and each isolate pay for every one of them, whether or not it is used.
 */
import { readdirSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

const COMPONENT = path.resolve(import.meta.dirname, "../convex/sessionTracker");

/** The size of a module and all that it loads; convex itself is about 36 of the modules and 100 kB. */
interface Loaded {
  modules: number;
  bytes: number;
}

const MOST: Record<string, Loaded> = {
  "visitors/heartbeat": { modules: 61, bytes: 130_000 },
  "visitors/action": { modules: 61, bytes: 130_000 },
  "visitors/end": { modules: 58, bytes: 122_000 },
  "visitors/forget": { modules: 63, bytes: 128_500 },
  "visitors/link": { modules: 63, bytes: 133_000 },
  "visitors/ownVisit": { modules: 44, bytes: 103_000 },
  "visitors/active": { modules: 51, bytes: 113_000 },
};

const outputs = await bundle();

describe.each(Object.entries(MOST))("%s", (module, most) => {
  test(`loads ${most.modules} modules and ${most.bytes} bytes at most`, () => {
    const { modules, bytes } = loadedBy(module);
    expect(modules.size).toBeLessThanOrEqual(most.modules);
    expect(bytes).toBeLessThanOrEqual(most.bytes);
    // A bound far off would let the next module in unseen.
    expect(bytes).toBeGreaterThan(0.95 * most.bytes);
  });

  test("loads nothing that only operators and schedules need", () => {
    const foreign = [...loadedBy(module).modules].filter((name) =>
      /cron-parser|luxon|@convex-dev\/(crons|workpool)|sessionTracker\/(operator|schedules|runs)\//.test(
        name,
      ),
    );
    expect(foreign).toEqual([]);
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Bundles as `convex deploy` does: each module is an entry of its own, and shared parts are chunks. */
async function bundle() {
  const entryPoints = readdirSync(COMPONENT, {
    recursive: true,
    encoding: "utf8",
  })
    .filter(
      (file) => /^[^.]*\.ts$/.test(file) && !file.startsWith("_generated"),
    )
    .filter((file) => file !== "schema.ts")
    .map((file) => path.join(COMPONENT, file));
  const { metafile } = await build({
    entryPoints,
    bundle: true,
    platform: "browser",
    format: "esm",
    target: "esnext",
    outdir: "out",
    outbase: COMPONENT,
    conditions: ["convex", "module"],
    splitting: true,
    treeShaking: true,
    minifySyntax: true,
    minifyIdentifiers: true,
    keepNames: true,
    write: false,
    metafile: true,
  });
  return metafile.outputs;
}

function loadedBy(module: string) {
  const files = new Set<string>();
  const left = [`out/${module}.js`];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    left.push(...(outputs[file]?.imports ?? []).map((found) => found.path));
  }
  const modules = new Set<string>();
  let bytes = 0;
  for (const file of files) {
    const output = outputs[file];
    if (output === undefined)
      throw new Error(`Nothing was bundled as ${file}.`);
    bytes += output.bytes;
    for (const [name, { bytesInOutput }] of Object.entries(output.inputs)) {
      if (bytesInOutput > 0) modules.add(name);
    }
  }
  return { modules, bytes };
}
