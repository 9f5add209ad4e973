import { describe, expect, it } from "vitest";
import { loadModules } from "../../src/functions/realm/loader.js";
import { Realm } from "../../src/functions/realm/realm.js";
import type { ModuleSource } from "../../src/functions/types.js";

function load(
  sources: Record<string, string>,
  environment: ModuleSource["environment"] = "isolate",
  limits: { importTimeoutMs?: number } = {},
) {
  const modules = Object.entries(sources).map(
    ([path, source]) => [path, { path, source, environment }] as const,
  );
  const entryPoints = Object.keys(sources).filter(
    (path) => !path.startsWith("_deps/"),
  );
  return loadModules(new Map(modules), entryPoints, {
    env: { KEY: "value" },
    nowMs: 1_000,
    ...limits,
  });
}

describe("loading modules", () => {
  it("resolves imports relative to the importer, chunks and folders alike", async () => {
    const loaded = await load({
      "a.js":
        'import { shared } from "./_deps/chunk.js"; export const a = shared;',
      "folder/b.js":
        'import { shared } from "../_deps/chunk.js"; import * as a from "../a.js"; export const same = a.a === shared; export default 5;',
      "_deps/chunk.js":
        "export const shared = { now: Date.now(), env: process.env.KEY };",
    });
    expect([...loaded.keys()]).toEqual(["a.js", "folder/b.js"]);
    expect(loaded.get("a.js")?.["a"]).toEqual({ now: 1_000, env: "value" });
    expect(loaded.get("folder/b.js")).toMatchObject({ same: true, default: 5 });
  });

  it("fails on a module whose top-level code does not end", async () => {
    const sources = {
      "a.js": 'import "./b.js"; export const a = 1;',
      "b.js": "try { for (;;); } finally { globalThis.cleaned = true; }",
    };
    await expect(
      load(sources, "isolate", { importTimeoutMs: 50 }),
    ).rejects.toThrow(
      "Failed to analyze a.js: Importing a.js did not end within 50 ms",
    );
  });

  it("evaluates a module again that did not end before", async () => {
    const source = `
      Date.calls = (Date.calls ?? 0) + 1;
      if (Date.calls === 1) for (;;);
      export const calls = Date.calls;`;
    const module: ModuleSource = {
      path: "a.js",
      source,
      environment: "isolate",
    };
    const realm = new Realm(new Map([["a.js", module]]), {
      env: {},
      importedAtMs: 0,
      importTimeoutMs: 50,
    });
    await expect(realm.load("a.js")).rejects.toThrow("endless loop");
    expect((await realm.load("a.js"))["calls"]).toBe(2);
  });

  it("supports import cycles and live bindings", async () => {
    const loaded = await load({
      "a.js":
        'import { b } from "./b.js"; export let count = 0; export function bump() { count++; return b(); }',
      "b.js": 'import { count } from "./a.js"; export const b = () => count;',
    });
    const { bump } = loaded.get("a.js") as { bump: () => number };
    expect([bump(), bump()]).toEqual([1, 2]);
  });

  it("supports dynamic imports", async () => {
    const loaded = await load({
      "a.js":
        'export const later = async () => (await import("./_deps/b.js")).value;',
      "_deps/b.js": "export const value = 7;",
    });
    await expect(
      (loaded.get("a.js") as { later(): Promise<number> }).later(),
    ).resolves.toBe(7);
  });

  it("keeps exports named like properties of every object", async () => {
    const loaded = await load({
      "a.js":
        "const f = 1; export { f as __proto__, f as constructor, f as toString };",
    });
    expect(Object.keys(loaded.get("a.js") ?? {}).sort()).toEqual([
      "__proto__",
      "constructor",
      "toString",
    ]);
  });

  it("lets a module declare a name that is also a global", async () => {
    const loaded = await load({
      "a.js": "class Map {} const Promise = 3; export { Map, Promise };",
    });
    expect(loaded.get("a.js")).toMatchObject({ Promise: 3 });
  });

  it.each([
    [
      "throws",
      'throw new Error("at import");',
      "Failed to analyze a.js: Uncaught Error: at import\n    at a.js:1:7",
    ],
    [
      "does not parse",
      "export const = 1;",
      "Failed to analyze a.js: Module a.js cannot be loaded: ",
    ],
    ["awaits at the top", "await 1;", "Top-level await"],
    [
      "imports a missing module",
      'import "./missing.js";',
      'a.js imports "./missing.js", which was not pushed',
    ],
    [
      "imports a package",
      'import "left-pad";',
      'a.js imports "left-pad", which was not pushed',
    ],
    [
      "imports Node",
      'import "node:fs";',
      'a.js imports "node:fs", which only modules with "use node" can',
    ],
    [
      "uses the database",
      'Convex.syscall("1.0/queryStream", "{}");',
      "only possible while a function runs",
    ],
    [
      "starts a timer",
      "setTimeout(() => {}, 1);",
      "Can't use setTimeout while a module is being imported",
    ],
  ])("says which module %s", async (_, source, message) => {
    await expect(load({ "a.js": source })).rejects.toMatchObject({
      code: "invalidPush",
      message: expect.stringContaining(message) as string,
    });
  });

  it("gives modules for Node its built-in modules", async () => {
    const loaded = await load(
      {
        "a.js":
          'import { join } from "node:path"; export const joined = join("a", "b"); export const size = Buffer.byteLength("é");',
      },
      "node",
    );
    expect(loaded.get("a.js")).toMatchObject({ joined: "a/b", size: 2 });
  });
});
