import type { JSONValue } from "convex/values";
import { loadModules } from "../../functions/realm/loader.js";
import { AUTH_CONFIG_PATH, evaluateAuthConfig } from "../auth/authProviders.js";
import { badRequest } from "../http/http.js";
import { analyzeModules, exportTree, type AnalyzedModule } from "./analyze.js";
import {
  evaluateDefinitions,
  evaluateExport,
  type ComponentDefinitionMetadata,
  type EvaluationOptions,
} from "./definitions.js";
import { unmountedAfter } from "./diff.js";
import type { PushRequest, PushedDefinition } from "./request.js";
import type { CodeRevision, RevisionDefinition } from "./revision.js";

/**
 * Evaluates everything in a push that declares something: component definitions, schemas, and each
 * module's top level. Nothing is stored.
 * @returns the revision that would follow `previous`
 */
export async function evaluatePush(
  request: PushRequest,
  previous: CodeRevision,
  options: EvaluationOptions,
): Promise<CodeRevision> {
  const definitions = new Map<string, RevisionDefinition>();
  const metadata = await evaluateDefinitions(request.definitions, options);
  for (const [path, ofDefinition] of metadata) {
    const pushed = request.definitions.get(path)!;
    definitions.set(path, await evaluateOne(pushed, ofDefinition, options));
  }
  const next: CodeRevision = {
    version: previous.version + 1,
    functions: request.functions,
    definitions,
    auth: await evaluateAuthConfig(definitions.get("")!.modules, options),
    unmounted: [],
  };
  return { ...next, unmounted: unmountedAfter(previous, next) };
}

async function evaluateOne(
  pushed: PushedDefinition,
  metadata: ComponentDefinitionMetadata,
  options: EvaluationOptions,
): Promise<RevisionDefinition> {
  const modules = new Map(pushed.modules.map((m) => [m.path, m]));
  const analysis = await analyze(pushed, options);
  return {
    metadata:
      pushed.path === ""
        ? metadata
        : { ...metadata, exports: exportTree(analysis) },
    schema: await evaluateSchema(pushed, options),
    analysis,
    modules,
    udfServerVersion: pushed.udfServerVersion,
  };
}

async function analyze(
  pushed: PushedDefinition,
  options: EvaluationOptions,
): Promise<Map<string, AnalyzedModule>> {
  const modules = new Map(pushed.modules.map((m) => [m.path, m]));
  const entryPoints = [...modules.keys()].filter(isEntryPoint);
  const namespaces = await loadModules(modules, entryPoints, options);
  return analyzeModules(namespaces);
}

/**
 * Whether a module may hold functions. Chunks shared between modules and the auth configuration
 * hold none.
 */
function isEntryPoint(path: string): boolean {
  return !path.startsWith("_deps/") && path !== AUTH_CONFIG_PATH;
}

async function evaluateSchema(
  { schema, path }: PushedDefinition,
  options: EvaluationOptions,
): Promise<JSONValue> {
  if (schema === null) return null;
  const exported = await evaluateExport(schema, [], options);
  if (exported !== undefined) return exported as JSONValue;
  throw badRequest(
    "InvalidSchema",
    `The default export of ${path === "" ? "" : `${path}/`}schema.ts must be what defineSchema() returns.`,
  );
}
