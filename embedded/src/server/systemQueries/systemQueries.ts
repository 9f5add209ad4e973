import type { JSONValue } from "convex/values";
import type { Transaction } from "../../database/transactions/transaction.js";
import type { Caller } from "../auth/auth.js";
import { isJsonObject } from "../http/body.js";
import { HttpError } from "../http/http.js";
import { checkConvexJson } from "../values.js";
import type { AnalyzedModule } from "../push/analyze.js";
import { componentDefinitions } from "../push/diff.js";
import type { LiveCode } from "../liveCode.js";
import { latestExport } from "../snapshots/exports.js";
import { listImports, readImport } from "../snapshots/imports.js";
import {
  countTable,
  listTables,
  readTable,
  watchTable,
} from "./tableQueries.js";

/** Parts of the deployment that the system queries read. */
export interface SystemQueryServices {
  readonly live: Pick<LiveCode, "revision" | "environment">;
  readonly urls: { readonly cloud: string; readonly site: string };
}

/** A query of the CLI, at one snapshot. */
type SystemQuery = (
  services: SystemQueryServices,
  args: Readonly<Record<string, JSONValue>>,
  componentPath: string,
  snapshot: Transaction,
) => JSONValue;

/** The query by which the CLI looks at a deployment, by its path; undefined for an unknown path. */
function findSystemQuery(path: string): SystemQuery | undefined {
  return SYSTEM_QUERIES.get(
    path.replace(/\.js(?=:|$)/, "").replace(/:default$/, ""),
  );
}

/** Whether a path names a query that the CLI asks of the deployment itself. */
export function isSystemPath(path: string): boolean {
  return path.startsWith("_system/");
}

/** Answers a query of the CLI, whose sender has the key; throws what is wrong with it. */
export function answerSystemQuery(
  services: SystemQueryServices,
  { path, args, componentPath }: SystemQueryCall,
  caller: Caller,
  snapshot: Transaction,
): JSONValue {
  if (caller.role !== "admin") {
    throw new HttpError(403, "Forbidden", "System queries need the admin key.");
  }
  const query = findSystemQuery(path);
  if (query === undefined) {
    throw new HttpError(
      404,
      "UnknownSystemQuery",
      `The embedded deployment has no system query "${path.slice(0, 200)}".`,
    );
  }
  checkConvexJson(args, "args");
  return query(
    services,
    isJsonObject(args) ? args : {},
    componentPath,
    snapshot,
  );
}

/** A query of the CLI as it was sent. */
export interface SystemQueryCall {
  readonly path: string;
  readonly args: unknown;
  readonly componentPath: string;
}

const SYSTEM_QUERIES = new Map<string, SystemQuery>([
  ["_system/cli/modules:apiSpec", apiSpec],
  ["_system/cli/convexUrl:cloudUrl", ({ urls }) => urls.cloud],
  ["_system/cli/convexUrl:siteUrl", ({ urls }) => urls.site],
  ["_system/cli/queryEnvironmentVariables", listEnvironment],
  ["_system/cli/queryEnvironmentVariables:get", getEnvironment],
  ["_system/frontend/components:list", listComponents],
  ["_system/cli/tables", listTables],
  ["_system/cli/tableData", readTable],
  ["_system/cli/tableSize", countTable],
  ["_system/cli/queryTable", watchTable],
  [
    "_system/cli/exports:getLatest",
    (_s, _a, _c, snapshot) => latestExport(snapshot),
  ],
  ["_system/cli/queryImport", getImport],
  [
    "_system/cli/queryImport:list",
    (_s, _a, _c, snapshot) => listImports(snapshot),
  ],
]);

/** Every function of a component with its validators, in module order. */
function apiSpec(
  { live }: SystemQueryServices,
  _args: unknown,
  componentPath: string,
): JSONValue {
  const definition = componentDefinitions(live.revision).get(componentPath);
  const modules = [...(definition?.analysis ?? [])];
  return modules.flatMap(([path, module]) => [
    ...module.functions.map((fn) => ({
      identifier: `${path}:${fn.name}`,
      functionType: fn.udfType,
      visibility: fn.visibility === null ? null : { kind: fn.visibility.kind },
      args: validator(fn.args),
      returns: validator(fn.returns),
    })),
    ...httpActions(module),
  ]);
}

function httpActions({ httpRoutes }: AnalyzedModule): JSONValue[] {
  return (httpRoutes ?? []).map(({ route }) => ({
    functionType: "HttpAction",
    method: route.method,
    path: route.path,
  }));
}

/** A function's validator; one that declares none takes and returns anything. */
function validator(text: string | null): JSONValue {
  const parsed = text === null ? null : (JSON.parse(text) as JSONValue);
  return parsed ?? { type: "any" };
}

function listEnvironment({ live }: SystemQueryServices): JSONValue {
  return Object.entries(live.environment).map(([name, value]) => ({
    name,
    value,
  }));
}

function getEnvironment(
  { live }: SystemQueryServices,
  { name }: Readonly<Record<string, JSONValue>>,
): JSONValue {
  if (typeof name !== "string") return null;
  const value = Object.hasOwn(live.environment, name)
    ? live.environment[name]
    : undefined;
  return value === undefined ? null : { name, value };
}

function getImport(
  _services: unknown,
  { importId }: Readonly<Record<string, JSONValue>>,
  _componentPath: string,
  snapshot: Transaction,
): JSONValue {
  return typeof importId === "string" ? readImport(snapshot, importId) : null;
}

function listComponents({ live }: SystemQueryServices): JSONValue {
  const mounted = [...componentDefinitions(live.revision)];
  return mounted.map(([path, { metadata }]) => ({
    id: path,
    name: path === "" ? null : path.slice(path.lastIndexOf("/") + 1),
    path,
    args: {},
    state: "active",
    definitionPath: metadata.path,
  }));
}
