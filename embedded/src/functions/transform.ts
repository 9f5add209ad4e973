import { createHash } from "node:crypto";
import vm from "node:vm";
import { transform, type TransformOptions } from "esbuild";
import { EmbeddedError } from "../errors.js";
import type { ModuleSource } from "./types.js";

/**
 * Intrinsics handed to every module as parameters. Global lookups inside a `vm`
 * context go through an interceptor (about three times slower, measured), and
 * library code does several of them for each value it encodes.
 */
export const INTRINSICS = [
  "Array",
  "ArrayBuffer",
  "BigInt",
  "Boolean",
  "Error",
  "JSON",
  "Map",
  "Number",
  "Object",
  "Promise",
  "Reflect",
  "Set",
  "String",
  "Symbol",
  "TypeError",
  "Uint8Array",
  "WeakMap",
] as const;

/**
 * Globals that `"use node"` modules have of their own. All others are this process's: these modules
 * run where Node's own modules do, so that an error, a buffer or an array of either is `instanceof`
 * the classes that the other sees.
 */
export const NODE_GLOBALS = [
  "Convex",
  "Date",
  "clearImmediate",
  "clearInterval",
  "clearTimeout",
  "console",
  "global",
  "globalThis",
  "process",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
] as const;

/** Parameters of the function around a module, by its runtime; the outer ones are shared by all. */
const WRAPPERS = {
  isolate: { outer: INTRINSICS, inner: ["exports", "require", "module"] },
  node: {
    outer: NODE_GLOBALS,
    inner: [
      ...["exports", "require", "module", "__filename", "__dirname"],
      "__moduleUrl",
    ],
  },
} as const;

/** A module ready to be evaluated in any context. */
export interface CompiledModule {
  readonly script: vm.Script;
  /** Specifiers that the module requires, static and dynamic. */
  readonly imports: readonly string[];
}

/** Marks the file names of pushed modules in stack traces. */
export const SCRIPT_PREFIX = "convex:";

/** Lines that the wrapper puts before a module's own first line. */
export const WRAPPER_LINES = 1;

const MAX_CACHED_BYTES = 64 << 20;

const TRANSFORM_OPTIONS: TransformOptions = {
  format: "cjs",
  platform: "neutral",
  target: "es2022",
  supported: { "dynamic-import": false },
  logLevel: "silent",
};

/** Code for Node may ask for its own URL, which a script is told by its wrapper. */
function optionsFor({ environment }: ModuleSource): TransformOptions {
  return environment === "node"
    ? { ...TRANSFORM_OPTIONS, define: { "import.meta.url": "__moduleUrl" } }
    : TRANSFORM_OPTIONS;
}

const compiled = new Map<
  string,
  { module: Promise<CompiledModule>; bytes: number }
>();
let compiledBytes = 0;

/**
 * Turns a pushed ES module into a script, once for each distinct source: pushes
 * that leave a module alone, and components that share one, compile nothing.
 */
export function compileModule(module: ModuleSource): Promise<CompiledModule> {
  const key = `${module.environment} ${module.path}\n${createHash("sha256").update(module.source).digest("base64")}`;
  const cached = compiled.get(key);
  if (cached !== undefined) {
    return cached.module;
  }
  const entry = { module: compile(module), bytes: module.source.length };
  compiled.set(key, entry);
  compiledBytes += entry.bytes;
  for (const [oldKey, old] of compiled) {
    if (compiledBytes <= MAX_CACHED_BYTES || old === entry) {
      break;
    }
    compiled.delete(oldKey);
    compiledBytes -= old.bytes;
  }
  return entry.module;
}

/** The line-to-line map of {@link compileModule}'s output back to the pushed source's own map. */
export async function compileSourceMap(module: ModuleSource): Promise<string> {
  const pushed =
    module.sourceMap === undefined
      ? ""
      : `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(module.sourceMap).toString("base64")}`;
  const { map } = await transform(withoutMapComment(module.source) + pushed, {
    ...optionsFor(module),
    sourcemap: "external",
    sourcefile: module.path,
  });
  return map;
}

/** The source without the bundler's own comment, which names a map file that was not pushed. */
function withoutMapComment(source: string): string {
  return source.replace(/\n\/\/# sourceMappingURL=\S+\s*$/, "\n");
}

async function compile(module: ModuleSource): Promise<CompiledModule> {
  let code: string;
  try {
    ({ code } = await transform(module.source, optionsFor(module)));
  } catch (cause) {
    throw new EmbeddedError(
      "invalidPush",
      `Module ${module.path} cannot be loaded: ${refusalOf(cause)}`,
      { cause },
    );
  }
  const { outer, inner } = WRAPPERS[module.environment];
  const script = new vm.Script(
    `(function (${outer.join(", ")}) { return function (${inner.join(", ")}) {\n${code}\n}; })`,
    { filename: SCRIPT_PREFIX + module.path },
  );
  return { script, imports: requiredSpecifiers(code) };
}

/** Why esbuild cannot read a module. */
function refusalOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.includes("Top-level await")
    ? "Top-level awaits in source files are unsupported"
    : text;
}

/**
 * Specifiers that the code may require: perhaps too many (a string that looks like one), never too
 * few.
 */
function requiredSpecifiers(code: string): string[] {
  const found = new Set<string>();
  for (const [, specifier] of code.matchAll(/\brequire\("([^"\\]+)"\)/g)) {
    if (specifier !== undefined) {
      found.add(specifier);
    }
  }
  return [...found];
}
