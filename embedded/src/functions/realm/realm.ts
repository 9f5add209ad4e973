import { readFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { EmbeddedError } from "../../errors.js";
import { BOOTSTRAP } from "./bootstrap.js";
import { runAs } from "../execution/execution.js";
import { createHost } from "./host.js";
import type { Restrictions } from "./restrictions.js";
import { createNodeScope, type NodeScope } from "./nodeGlobals.js";
import {
  NODE_GLOBALS,
  compileModule,
  type CompiledModule,
} from "../transform.js";
import type { ModuleLoader, ModuleNamespace, ModuleSource } from "../types.js";

const requireHere = createRequire(import.meta.url);
const bootstrap = new vm.Script(BOOTSTRAP, { filename: "embedded:bootstrap" });
/** Inspects values inside the context, as plain objects are told by that context's prototypes. */
const inspector = new vm.Script(
  `((module, require) => {${readFileSync(requireHere.resolve("object-inspect"), "utf8")}\nreturn module.exports; })({}, () => ({}))`,
  { filename: "embedded:object-inspect" },
);

/** Limit for top-level code, which runs in a moment: code that takes this long does not end. */
const IMPORT_TIMEOUT_MS = 10_000;

/**
 * Script that calls the evaluation left for it in a global: Node bounds the time of scripts only.
 */
const evaluation = new vm.Script(
  `(() => { const evaluate = globalThis.__evaluate; delete globalThis.__evaluate; return evaluate(); })()`,
  { filename: "embedded:evaluation" },
);

type Require = (specifier: string) => unknown;
type ModuleBody = (
  exports: object,
  require: Require,
  module: { exports: object },
  ...fileNames: readonly string[]
) => void;

/**
 * One `vm` context with the modules of one component instance; those with `"use node"` run in the
 * process's own. Modules are compiled and evaluated when first needed and keep their state from then
 * on. Not a security boundary: pushed code is the deployment owner's.
 */
export class Realm implements ModuleLoader {
  readonly #modules: ReadonlyMap<string, ModuleSource>;
  readonly #evaluated = new Map<string, { exports: object }>();
  readonly #compiled = new Map<string, CompiledModule>();
  // As on Convex, where code cannot make code. WebAssembly it may make.
  readonly #context = vm.createContext(undefined, {
    codeGeneration: { strings: false },
  });
  readonly #env: Readonly<Record<string, string>>;
  readonly #importedAtMs: number;
  #nodeScope: NodeScope | undefined;
  readonly #intrinsics: unknown[];
  readonly #importTimeoutMs: number;

  constructor(
    modules: ReadonlyMap<string, ModuleSource>,
    options: {
      env: Readonly<Record<string, string>>;
      importedAtMs: number;
      /** @default 10000 */
      importTimeoutMs?: number;
      restrictions?: Restrictions;
    },
  ) {
    this.#modules = modules;
    this.#env = options.env;
    this.#importedAtMs = options.importedAtMs;
    this.#importTimeoutMs = options.importTimeoutMs ?? IMPORT_TIMEOUT_MS;
    const enter = bootstrap.runInContext(this.#context) as (
      host: object,
      inspect: unknown,
    ) => unknown[];
    this.#intrinsics = enter(
      createHost(options.env, options.importedAtMs, options.restrictions),
      inspector.runInContext(this.#context),
    );
  }

  /** The exports of a module, which is evaluated when first needed. */
  async load(modulePath: string): Promise<ModuleNamespace> {
    const done = this.#evaluated.get(modulePath);
    if (done !== undefined) {
      return done.exports as ModuleNamespace;
    }
    await this.#compileGraph(modulePath);
    return runAs(undefined, () =>
      this.#withinTimeout(modulePath),
    ) as ModuleNamespace;
  }

  async #compileGraph(entry: string): Promise<void> {
    let wave = [entry];
    const seen = new Set(wave);
    while (wave.length > 0) {
      const next: string[] = [];
      await Promise.all(
        wave.map(async (modulePath) => {
          const source = this.#modules.get(modulePath);
          if (source === undefined || this.#evaluated.has(modulePath)) {
            return;
          }
          const module = await compileModule(source);
          this.#compiled.set(modulePath, module);
          for (const specifier of module.imports) {
            const target = this.#resolve(modulePath, specifier);
            if (target !== undefined && !seen.has(target)) {
              seen.add(target);
              next.push(target);
            }
          }
        }),
      );
      wave = next;
    }
  }

  #withinTimeout(modulePath: string): unknown {
    const ofNode = this.#modules.get(modulePath)?.environment === "node";
    Object.assign(ofNode ? globalThis : this.#context, {
      __evaluate: () => this.#evaluate(modulePath),
    });
    const limit = { timeout: this.#importTimeoutMs };
    try {
      return ofNode
        ? evaluation.runInThisContext(limit)
        : evaluation.runInContext(this.#context, limit);
    } catch (cause) {
      const { code } = (cause ?? {}) as NodeJS.ErrnoException;
      if (code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw cause;
      // No module that was being evaluated could clean up after itself.
      for (const begun of this.#compiled.keys()) this.#evaluated.delete(begun);
      throw new EmbeddedError(
        "functionFailed",
        `Importing ${modulePath} did not end within ${this.#importTimeoutMs} ms: its top-level code may be an endless loop`,
        { cause },
      );
    }
  }

  #evaluate(modulePath: string): object {
    const known = this.#evaluated.get(modulePath);
    if (known !== undefined) {
      return known.exports;
    }
    const compiled = this.#compiled.get(modulePath);
    const source = this.#modules.get(modulePath);
    if (compiled === undefined || source === undefined) {
      throw new EmbeddedError("notFound", `There is no module ${modulePath}`);
    }
    const module = { exports: {} };
    this.#evaluated.set(modulePath, module);
    try {
      const require = (specifier: string) => this.#require(source, specifier);
      this.#wrapped(compiled, source)(
        module.exports,
        require,
        module,
        ...(source.environment === "node" ? fileNames(modulePath) : []),
      );
    } catch (error) {
      this.#evaluated.delete(modulePath);
      throw error;
    }
    this.#compiled.delete(modulePath);
    return module.exports;
  }

  #wrapped(
    { script }: CompiledModule,
    { environment }: ModuleSource,
  ): ModuleBody {
    type Wrap = (...globals: readonly unknown[]) => ModuleBody;
    if (environment === "isolate") {
      return (script.runInContext(this.#context) as Wrap)(...this.#intrinsics);
    }
    const { globals } = (this.#nodeScope ??= createNodeScope(
      this.#env,
      this.#importedAtMs,
    ));
    return (script.runInThisContext() as Wrap)(
      ...NODE_GLOBALS.map((name) => globals[name]),
    );
  }

  #require(importer: ModuleSource, specifier: string): unknown {
    const target = this.#resolve(importer.path, specifier);
    if (target !== undefined) {
      return this.#evaluate(target);
    }
    if (importer.environment === "node" && isBuiltin(specifier)) {
      return this.#nodeScope?.builtin(specifier);
    }
    throw new EmbeddedError(
      "notFound",
      isBuiltin(specifier)
        ? `${importer.path} imports "${specifier}", which only modules with "use node" can`
        : `${importer.path} imports "${specifier}", which was not pushed`,
    );
  }

  #resolve(importer: string, specifier: string): string | undefined {
    if (specifier.startsWith("convex:") && this.#modules.has(specifier)) {
      return specifier;
    }
    if (!specifier.startsWith(".")) {
      return undefined;
    }
    const exact = path.posix.join(path.posix.dirname(importer), specifier);
    return [exact, `${exact}.js`].find((candidate) =>
      this.#modules.has(candidate),
    );
  }
}

/** `__filename`, `__dirname` and `import.meta.url` of a module, which is in no file. */
function fileNames(modulePath: string): [string, string, string] {
  const file = path.resolve("convex", modulePath);
  return [file, path.dirname(file), pathToFileURL(file).href];
}
