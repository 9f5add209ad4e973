import { createHash } from "node:crypto";
import type { ModuleSource } from "../../functions/types.js";
import { describeJson, isJsonObject } from "../http/body.js";
import { HttpError, badRequest } from "../http/http.js";
import { isModulePath } from "../modulePath.js";

/** One component definition of a push; the app's own has the path "". */
export interface PushedDefinition {
  path: string;
  /** The bundled convex.config; null for an app that has none. */
  definition: ModuleSource | null;
  dependencies: readonly string[];
  schema: ModuleSource | null;
  modules: readonly ModuleSource[];
  udfServerVersion: string;
}

/** The body of `start_push` and `evaluate_schema`, checked and completed. */
export interface PushRequest {
  dryRun: boolean;
  /** Whether the push is only to answer with what code is generated from. */
  forCodegen: boolean;
  /** The functions folder, e.g. `convex/`. */
  functions: string;
  definitions: ReadonlyMap<string, PushedDefinition>;
}

/** Finds a module of the running app by the path and hash that the CLI knows. */
export type FindModule = (
  path: string,
  sha256: string,
) => ModuleSource | undefined;

/**
 * Checks a push's body. Modules the CLI left out because the deployment has
 * them are looked up with `findUnchanged`.
 */
export function parsePushRequest(
  body: Record<string, unknown>,
  findUnchanged: FindModule,
): PushRequest {
  refuseNodeDependencies(array(body, "nodeDependencies"));
  const definitions = new Map<string, PushedDefinition>();
  const app = object(body["appDefinition"], "appDefinition");
  definitions.set("", {
    ...definition("", app),
    modules: [
      ...modules(app, "changedModules"),
      ...unchangedModules(app, findUnchanged),
    ],
  });
  for (const value of array(body, "componentDefinitions")) {
    const component = object(value, "componentDefinitions[]");
    const path = string(component, "definitionPath");
    if (path === "" || definitions.has(path)) {
      throw invalid(`componentDefinitions names "${path}" twice`);
    }
    definitions.set(path, {
      ...definition(path, component),
      modules: withoutNode(modules(component, "functions")),
    });
  }
  return {
    dryRun: boolean(body, "dryRun"),
    forCodegen: body["forCodegen"] === true,
    functions: string(body, "functions"),
    definitions,
  };
}

/** The hash by which the CLI tells whether the deployment has a module. */
export function moduleHash(module: ModuleSource): string {
  return createHash("sha256")
    .update(module.source)
    .update(module.sourceMap ?? "")
    .digest("hex");
}

function definition(
  path: string,
  body: Record<string, unknown>,
): Omit<PushedDefinition, "modules"> {
  return {
    path,
    definition: nullableModule(body, "definition"),
    dependencies: array(body, "dependencies").map((dependency) => {
      if (typeof dependency === "string") return dependency;
      throw invalid(`dependencies of "${path}" must be strings`);
    }),
    schema: nullableModule(body, "schema"),
    udfServerVersion: string(body, "udfServerVersion"),
  };
}

function unchangedModules(
  app: Record<string, unknown>,
  findUnchanged: FindModule,
): ModuleSource[] {
  return array(app, "unchangedModuleHashes").map((value) => {
    const hash = object(value, "unchangedModuleHashes[]");
    const path = string(hash, "path");
    const module = findUnchanged(path, string(hash, "sha256"));
    if (module !== undefined) return module;
    throw new HttpError(
      400,
      "RaceDetected",
      `The deployment's code changed during this push: it no longer has ${path} as the push expects it. Push again.`,
    );
  });
}

function modules(body: Record<string, unknown>, key: string): ModuleSource[] {
  const seen = new Set<string>();
  return array(body, key).map((value) => {
    const parsed = module(object(value, `${key}[]`));
    if (seen.has(parsed.path)) throw invalid(`${parsed.path} is sent twice`);
    seen.add(parsed.path);
    return parsed;
  });
}

function withoutNode(ofComponent: ModuleSource[]): ModuleSource[] {
  const node = ofComponent.find(({ environment }) => environment === "node");
  if (node === undefined) return ofComponent;
  throw badRequest(
    "NodeActionsNotSupported",
    `Node actions are not supported in components. Remove \`"use node;" from ${node.path}`,
  );
}

function nullableModule(
  body: Record<string, unknown>,
  key: string,
): ModuleSource | null {
  const value = body[key];
  return value === null || value === undefined
    ? null
    : module(object(value, key));
}

function module(body: Record<string, unknown>): ModuleSource {
  const path = string(body, "path");
  if (!isModulePath(path)) {
    throw invalid(
      `module path "${path}" may only have letters, digits, "_", "." and "/"`,
    );
  }
  const environment = string(body, "environment");
  if (environment !== "isolate" && environment !== "node") {
    throw invalid(`module ${path} has unknown environment "${environment}"`);
  }
  const sourceMap = body["sourceMap"];
  return {
    path,
    source: string(body, "source"),
    ...(typeof sourceMap === "string" ? { sourceMap } : {}),
    environment,
  };
}

function refuseNodeDependencies(dependencies: readonly unknown[]): void {
  if (dependencies.length === 0) return;
  const names = dependencies.map((dependency) =>
    isJsonObject(dependency) ? String(dependency["name"]) : "?",
  );
  throw badRequest(
    "UnsupportedPush",
    `The embedded deployment installs no packages, so node.externalPackages in convex.json is not supported (${names.join(", ")}). Remove it to have them bundled.`,
  );
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (isJsonObject(value)) return value;
  throw invalid(`${what} must be an object, not ${describeJson(value)}`);
}

function array(body: Record<string, unknown>, key: string): unknown[] {
  const value = body[key];
  if (Array.isArray(value)) return value as unknown[];
  throw invalid(`${key} must be an array, not ${describeJson(value)}`);
}

function string(body: Record<string, unknown>, key: string): string {
  const value = body[key];
  if (typeof value === "string") return value;
  throw invalid(`${key} must be a string, not ${describeJson(value)}`);
}

function boolean(body: Record<string, unknown>, key: string): boolean {
  const value = body[key];
  if (typeof value === "boolean") return value;
  throw invalid(`${key} must be true or false, not ${describeJson(value)}`);
}

function invalid(problem: string): HttpError {
  return badRequest("InvalidPushRequest", `Invalid push: ${problem}.`);
}
