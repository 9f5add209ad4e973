import { createHash } from "node:crypto";
import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../errors.js";
import { FunctionFailure } from "./failure.js";
import {
  canonicalPath,
  parseFunctionHandle,
  parseReference,
  type FunctionAddress,
} from "./functionPath.js";
import {
  missingFunction,
  type DescribeMissing,
  type FunctionEntry,
  type FunctionSource,
  type HttpRouter,
  type InvocableFunction,
} from "./functionEntry.js";
import type {
  ComponentDefinition,
  ComponentInstance,
  DeployedCode,
  ModuleLoader,
  ModuleSource,
} from "./types.js";

/** Module in which an app or a component defines its HTTP actions. */
export const HTTP_MODULE_PATH = "http.js";

/** Makes the loader of a component instance's modules, when they are first needed. */
export type LoaderOf = (
  componentPath: string,
  modules: ReadonlyMap<string, ModuleSource>,
  options: {
    env: Readonly<Record<string, string>>;
    /** The time that top-level code of the modules sees. */
    importedAtMs: number;
  },
) => ModuleLoader;

/** Deployed code in use: finds functions and holds each component's loader. */
export class Deployment implements FunctionSource {
  readonly #components = new Map<string, Component>();
  /** Functions that were loaded, so that a call of one that was called before waits for nothing. */
  readonly #loaded = new Map<
    FunctionEntry,
    InvocableFunction | Promise<InvocableFunction>
  >();

  /** Components whose code and environment are as in `previous` keep their loaders. */
  constructor(
    code: DeployedCode,
    nowMs: number,
    loaderOf: LoaderOf,
    previous?: Deployment,
  ) {
    const fingerprints = new Map<ComponentDefinition, string>();
    for (const [path, instance] of code.components) {
      const definition = code.definitions.get(instance.definitionPath);
      if (definition === undefined) {
        throw new EmbeddedError(
          "internal",
          `Component "${path}" has no definition "${instance.definitionPath}"`,
        );
      }
      const ofModules =
        fingerprints.get(definition) ?? fingerprintOf(definition);
      fingerprints.set(definition, ofModules);
      const fingerprint = `${ofModules}${JSON.stringify(instance.env)}`;
      const old =
        previous === undefined ? undefined : previous.#components.get(path);
      this.#components.set(
        path,
        new Component(
          path,
          instance,
          definition,
          fingerprint,
          old?.fingerprint === fingerprint
            ? old.loader
            : lazy(() =>
                loaderOf(path, definition.modules, {
                  env: instance.env,
                  importedAtMs: nowMs,
                }),
              ),
        ),
      );
    }
  }

  /**
   * Finds a function.
   * @param path - with or without `.js`; undefined when there is no such function.
   */
  /** The paths of all components; the app's is empty. */
  get componentPaths(): readonly string[] {
    return [...this.#components.keys()];
  }

  find(componentPath: string, path: string): FunctionEntry | undefined {
    return this.#components.get(componentPath)?.find(canonicalPath(path));
  }

  resolve(
    fromComponent: string,
    address: FunctionAddress,
    describeMissing: DescribeMissing = missingFunction,
  ): FunctionEntry {
    const { componentPath, path, publicOnly } = this.#target(
      fromComponent,
      address,
    );
    const entry = this.find(componentPath, path);
    if (entry === undefined || (publicOnly && !entry.isPublic)) {
      throw new FunctionFailure(describeMissing(path, componentPath));
    }
    return entry;
  }

  loadFunction(
    entry: FunctionEntry,
  ): InvocableFunction | Promise<InvocableFunction> {
    const loaded = this.#loaded.get(entry);
    if (loaded !== undefined) return loaded;
    const loading = this.#loadFunction(entry);
    this.#loaded.set(entry, loading);
    loading.then(
      (fn) => this.#loaded.set(entry, fn),
      // What failed is tried again by the next call.
      () => this.#loaded.delete(entry),
    );
    return loading;
  }

  /**
   * Gives an entry, which no module needs to have, its function.
   * @returns the function that takes it back
   */
  lend(entry: FunctionEntry, fn: InvocableFunction): () => void {
    this.#loaded.set(entry, Promise.resolve(fn));
    return () => this.#loaded.delete(entry);
  }

  async #loadFunction(entry: FunctionEntry): Promise<InvocableFunction> {
    const component = this.#components.get(entry.componentPath);
    const namespace = await component?.loader().load(entry.modulePath);
    if (namespace === undefined || !Object.hasOwn(namespace, entry.name)) {
      throw new FunctionFailure(
        missingFunction(entry.path, entry.componentPath),
      );
    }
    return namespace[entry.name] as InvocableFunction;
  }

  /** The router of a component's `http.js`; undefined without one. */
  async loadHttpRouter(componentPath: string): Promise<HttpRouter | undefined> {
    const component = this.#components.get(componentPath);
    if (component?.definition.analysis.has(HTTP_MODULE_PATH) !== true) {
      return undefined;
    }
    const namespace = await component.loader().load(HTTP_MODULE_PATH);
    return namespace["default"] as HttpRouter;
  }

  /** Whether the app has routes of its own or mounts components that may. */
  get servesHttp(): boolean {
    const app = this.#components.get("");
    return (
      app?.definition.analysis.has(HTTP_MODULE_PATH) === true ||
      Object.keys(this.httpMounts("")).length > 0
    );
  }

  /** Path prefix of the app's own routes, such as `/api/`, if it has one. */
  get httpPrefix(): string | undefined {
    return this.#components.get("")?.instance.httpPrefix;
  }

  /** Child components that answer HTTP requests: their component paths by prefix. */
  httpMounts(componentPath: string): Readonly<Record<string, string>> {
    return this.#components.get(componentPath)?.instance.httpMounts ?? {};
  }

  /** The environment variables that a component's functions see; undefined where no such component is mounted. */
  environmentOf(
    componentPath: string,
  ): Readonly<Record<string, string>> | undefined {
    return this.#components.get(componentPath)?.instance.env;
  }

  module(componentPath: string, modulePath: string): ModuleSource | undefined {
    return this.#components
      .get(componentPath)
      ?.definition.modules.get(modulePath);
  }

  #target(fromComponent: string, address: FunctionAddress) {
    if (address.functionHandle !== undefined) {
      return {
        ...parseFunctionHandle(address.functionHandle),
        publicOnly: false,
      };
    }
    if (address.reference === undefined) {
      return {
        componentPath: fromComponent,
        path: canonicalPath(address.name ?? ""),
        publicOnly: false,
      };
    }
    const { child, path } = parseReference(address.reference);
    const children =
      this.#components.get(fromComponent)?.instance.children ?? {};
    const componentPath = Object.hasOwn(children, child)
      ? children[child]
      : undefined;
    if (componentPath === undefined) {
      throw new FunctionFailure(
        `Component "${fromComponent}" has no child component "${child}". Did you add it with \`use\` in convex.config.ts?`,
      );
    }
    return { componentPath, path, publicOnly: true };
  }
}

class Component {
  readonly #functions = new Map<string, FunctionEntry>();

  constructor(
    path: string,
    readonly instance: ComponentInstance,
    readonly definition: ComponentDefinition,
    readonly fingerprint: string,
    readonly loader: () => ModuleLoader,
  ) {
    for (const [modulePath, functions] of definition.analysis) {
      for (const fn of functions) {
        const entry: FunctionEntry = {
          componentPath: path,
          modulePath,
          name: fn.name,
          path: `${modulePath}:${fn.name}`,
          udfType: fn.udfType,
          isPublic: fn.visibility?.kind === "public",
          args: parseValidator(fn.args),
          returns: parseValidator(fn.returns),
        };
        this.#functions.set(entry.path, entry);
      }
    }
  }

  find(canonical: string): FunctionEntry | undefined {
    return this.#functions.get(canonical);
  }
}

/** A parsed validator; null for none, and for `any`, which accepts every Convex value. */
function parseValidator(text: string | null): JSONValue {
  const validator =
    text === null ? null : (JSON.parse(text) as { type?: string } | null);
  return validator === null || validator.type === "any" ? null : validator;
}

function fingerprintOf(definition: ComponentDefinition): string {
  const hash = createHash("sha256");
  for (const module of definition.modules.values()) {
    hash
      .update(
        `${module.path}\0${module.environment}\0${module.source.length}\0`,
      )
      .update(module.source);
  }
  return hash.digest("hex");
}

function lazy<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
