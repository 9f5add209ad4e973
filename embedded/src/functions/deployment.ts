import { createHash } from "node:crypto";
import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../errors.js";
import { FunctionFailure } from "./failure.js";
import {
  canonicalPath,
  displayPath,
  parseFunctionHandle,
  parseReference,
  type FunctionAddress,
} from "./functionPath.js";
import { Realm } from "./realm.js";
import type {
  ComponentDefinition,
  ComponentInstance,
  DeployedCode,
  ModuleLoader,
  ModuleSource,
  UdfType,
} from "./types.js";

/** Where an app or a component defines its HTTP actions. */
export const HTTP_MODULE_PATH = "http.js";

/** One function of one component instance. */
export interface FunctionEntry {
  readonly componentPath: string;
  readonly modulePath: string;
  readonly name: string;
  /** `mod/path.js:fn` */
  readonly path: string;
  readonly udfType: UdfType;
  readonly isPublic: boolean;
  /** Parsed validators; null where none was declared. */
  readonly args: JSONValue;
  readonly returns: JSONValue;
}

/** A registered function as `convex/server` makes it. */
export interface InvocableFunction {
  invokeQuery(args: string): Promise<string>;
  invokeMutation(args: string): Promise<string>;
  invokeAction(requestId: string, args: string): Promise<string>;
}

/** What `httpAction()` makes of a handler. */
export interface InvocableHttpAction {
  invokeHttpAction(request: Request): Promise<unknown>;
}

/** What `httpRouter()` makes, as far as it is called. */
export interface HttpRouter {
  lookup(
    path: string,
    method: string,
  ):
    | readonly [handler: InvocableHttpAction, method: string, route: string]
    | null;
}

/** Deployed code in use: finds functions and holds each component's realm. */
export class Deployment {
  readonly #components = new Map<string, Component>();

  /** Components whose code and environment are as in `previous` keep their realms. */
  constructor(code: DeployedCode, nowMs: number, previous?: Deployment) {
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
          old?.fingerprint === fingerprint &&
            old.definition.live === definition.live
            ? old.loader
            : lazy(
                () =>
                  definition.live ??
                  new Realm(definition.modules, {
                    env: instance.env,
                    importedAtMs: nowMs,
                  }),
              ),
        ),
      );
    }
  }

  /** @param path - with or without `.js`; undefined when there is no such function. */
  find(componentPath: string, path: string): FunctionEntry | undefined {
    return this.#components.get(componentPath)?.find(canonicalPath(path));
  }

  /** The function that code in `fromComponent` addresses; a failure when it may not or does not exist. */
  resolve(fromComponent: string, address: FunctionAddress): FunctionEntry {
    const { componentPath, path, publicOnly } = this.#target(
      fromComponent,
      address,
    );
    const entry = this.find(componentPath, path);
    if (entry === undefined || (publicOnly && !entry.isPublic)) {
      throw new FunctionFailure(
        missingFunction(path, componentPath, publicOnly),
      );
    }
    return entry;
  }

  async loadFunction(entry: FunctionEntry): Promise<InvocableFunction> {
    const component = this.#components.get(entry.componentPath);
    const namespace = await component?.loader().load(entry.modulePath);
    if (namespace === undefined || !Object.hasOwn(namespace, entry.name)) {
      throw new FunctionFailure(
        missingFunction(entry.path, entry.componentPath, false),
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

  /** Children that answer HTTP requests: their component paths by prefix. */
  httpMounts(componentPath: string): Readonly<Record<string, string>> {
    return this.#components.get(componentPath)?.instance.httpMounts ?? {};
  }

  /** For stack traces. */
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

/** Convex's words for a function that is not there, or not for this caller. */
export function missingFunction(
  path: string,
  componentPath: string,
  publicOnly: boolean,
): string {
  const shown = displayPath(canonicalPath(path));
  const where = componentPath === "" ? "" : ` in component '${componentPath}'`;
  return publicOnly
    ? `Could not find public function for '${shown}'${where}.`
    : `Could not find function for '${shown}'${where}. Did you forget to run \`npx convex dev\`?`;
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

/** `any` accepts everything that is a Convex value at all: nothing to check. */
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
