import { build } from "esbuild";
import { EmbeddedError } from "../../errors.js";
import type { InvocableFunction } from "../../functions/functionEntry.js";
import { newRequestId, toOutcome } from "../../functions/requests.js";
import { Realm } from "../../functions/realm/realm.js";
import type { Runtime } from "../../functions/runtime.js";
import { describeThrown } from "../../functions/stackTrace.js";
import type { ModuleNamespace, ModuleSource } from "../../functions/types.js";
import { authenticateAdmin, type AuthServices } from "../auth/auth.js";
import {
  outcomeResponse,
  parseFunctionCall,
  requestIdOf,
} from "../functionRequest.js";
import { describeJson, isJsonObject, readJsonObject } from "../http/body.js";
import { badRequest, type ApiRequest, type ApiResponse } from "../http/http.js";
import type { LiveCode } from "../liveCode.js";
import { analyzeModules } from "../push/analyze.js";

/** Parts of the deployment that a query which was not pushed uses. */
export interface TestQueryServices extends AuthServices {
  readonly runtime: Runtime;
  readonly live: Pick<LiveCode, "builtIn" | "environment">;
}

/**
 * `/api/run_test_function`: runs a query whose module is in the request and is pushed nowhere, as `npx convex run
 * --inline-query` and the dashboard's function runner send it.
 * @param request with the admin key in its header, which was looked at; or else in its body
 */
export async function runTestQuery(
  services: TestQueryServices,
  request: ApiRequest,
): Promise<ApiResponse> {
  const { adminKey, runtime } = services;
  const { bundle, componentId, ...body } = await readJsonObject(request);
  if (request.header("authorization") === undefined) {
    authenticateAdmin(String(body["adminKey"]), adminKey);
  }
  const module = moduleOf(bundle);
  const { componentPath, args, invalidArgs, format } = parseFunctionCall({
    path: `${module.path}:default`,
    args: body["args"],
    format: body["format"],
    componentPath: componentId ?? "",
  });
  if (invalidArgs !== undefined) {
    throw badRequest("InvalidArguments", invalidArgs);
  }
  const env = environmentOf(services, componentPath);
  const exports = await evaluate(module, env, runtime.clock.now());
  const fn = queryOf(module.path, exports);
  const { deployment } = runtime;
  const entry = {
    ...{ componentPath, modulePath: module.path, name: "default" },
    path: `${module.path}:default`,
    udfType: "Query" as const,
    isPublic: false,
    ...{ args: null, returns: null },
  };
  const takeBack = deployment.lend(entry, fn);
  try {
    const { requestId = newRequestId() } = requestIdOf(request);
    const ended = await runtime.runEntry(
      entry,
      Array.isArray(args) ? (args[0] ?? {}) : args,
      {
        deployment,
        request: {
          ...{ requestId, source: "client", identity: null, job: null },
          ip: request.ip,
          userAgent: request.header("user-agent") ?? null,
        },
      },
    );
    return outcomeResponse(toOutcome(ended, requestId), format);
  } finally {
    takeBack();
  }
}

function moduleOf(bundle: unknown): ModuleSource {
  const { path, source } = isJsonObject(bundle) ? bundle : {};
  if (typeof path === "string" && typeof source === "string") {
    return { path, source, environment: "isolate" };
  }
  throw badRequest(
    "BadJsonBody",
    `bundle must be an object with the texts path and source, not ${describeJson(bundle)}.`,
  );
}

/** The variables that a component's own functions see; before the first push, those of the app. */
function environmentOf(
  { runtime, live }: TestQueryServices,
  component: string,
): Readonly<Record<string, string>> {
  const known = runtime.deployment.environmentOf(component);
  if (known !== undefined) return known;
  if (component === "") return { ...live.builtIn, ...live.environment };
  throw badRequest(
    "ComponentNotFound",
    `There is no component "${component.slice(0, 200)}".`,
  );
}

async function evaluate(
  module: ModuleSource,
  env: Readonly<Record<string, string>>,
  importedAtMs: number,
): Promise<ModuleNamespace> {
  const modules = new Map([
    [module.path, module],
    [WRAPPERS, await wrappers()],
  ]);
  try {
    const realm = new Realm(modules, { env, importedAtMs });
    return await realm.load(module.path);
  } catch (cause) {
    const { message } = await describeThrown(cause, (path) =>
      modules.get(path),
    );
    throw badRequest(
      "InvalidModules",
      `Could not analyze the given module:\n${message}`,
    );
  }
}

/** @throws HttpError for a module with anything else than one query, its default export */
function queryOf(path: string, exports: ModuleNamespace): InvocableFunction {
  const found = analyzeModules(new Map([[path, exports]])).get(path);
  const functions = found?.functions ?? [];
  if (functions.some(({ name }) => name !== "default")) {
    throw badRequest("InvalidTestQuery", "Only `export default` is supported.");
  }
  const [fn] = functions;
  if (fn === undefined) {
    throw badRequest(
      "InvalidTestQuery",
      "Default export is not a Convex function.",
    );
  }
  if (fn.udfType !== "Query") {
    throw badRequest(
      "UnsupportedTestQuery",
      `${fn.udfType}s are not supported in the REPL yet.`,
    );
  }
  return exports["default"] as InvocableFunction;
}

/** What the CLI and the dashboard have such a module import `query` from. */
const WRAPPERS = "convex:/_system/repl/wrappers.js";

let bundled: Promise<ModuleSource> | undefined;

/** `query` and `internalQuery` of `convex/server`, which nothing but such a module needs here. */
function wrappers(): Promise<ModuleSource> {
  return (bundled ??= bundleWrappers());
}

async function bundleWrappers(): Promise<ModuleSource> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { queryGeneric as query, internalQueryGeneric as internalQuery } from "convex/server";`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  const [output] = outputFiles;
  if (output === undefined) {
    throw new EmbeddedError("internal", "esbuild bundled nothing");
  }
  return { path: WRAPPERS, source: output.text, environment: "isolate" };
}
