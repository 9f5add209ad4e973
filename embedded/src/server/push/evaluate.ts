import type { JSONValue } from "convex/values";
import { parseSchema } from "../../database/schema/schemaDefinition.js";
import { within } from "../../database/values/validatorDefinition.js";
import { loadModules } from "../../functions/realm/loader.js";
import type { Restrictions } from "../../functions/realm/restrictions.js";
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
import { checkMounts } from "./mounts.js";
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
  checkMounts(definitions, request.forCodegen);
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
  return analyzeModules(namespaces, modules);
}

/**
 * Whether a module may hold functions. Chunks shared between modules and the auth configuration
 * hold none.
 */
function isEntryPoint(path: string): boolean {
  return !path.startsWith("_deps/") && path !== AUTH_CONFIG_PATH;
}

const OF_SCHEMAS: Restrictions = {
  environment: () => "Environment variables unsupported when evaluating schema",
};

async function evaluateSchema(
  { schema }: PushedDefinition,
  options: EvaluationOptions,
): Promise<JSONValue> {
  if (schema === null) return null;
  const exported = (await evaluateExport(schema, [], {
    ...options,
    restrictions: OF_SCHEMAS,
  })) as JSONValue | undefined;
  if (exported === undefined) {
    throw badRequest(
      "InvalidSchemaExport",
      "Hit an error while evaluating your schema:\nDefault export from schema file isn't a Convex schema. To learn more, see the schema documentation at https://docs.convex.dev/database/schemas.",
    );
  }
  within("Hit an error while evaluating your schema:\n", () =>
    parseSchema(exported),
  );
  return exported;
}
