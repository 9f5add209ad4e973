import type { JSONValue } from "convex/values";
import type { AnyIndex } from "../../database/records/catalog.js";
import type { AnalyzedModule } from "../push/analyze.js";
import { httpPrefixes } from "../push/components.js";
import { componentDefinitions } from "../push/diff.js";
import type { CodeRevision, RevisionDefinition } from "../push/revision.js";
import { shownCronSpec } from "./jobs.js";
import {
  inComponent,
  nullable,
  objectOf,
  optional,
  NOTHING,
  text,
} from "./arguments.js";
import type { SystemCall, SystemQuery } from "./systemFunctions.js";
import { systemId } from "./systemIds.js";

/** What the CLI and dashboard ask of the code that was pushed: only a push changes the answers. */
export const codeQueries: Readonly<Record<string, SystemQuery>> = {
  /** Every function of a component with its validators, in module order. */
  "_system/cli/modules:apiSpec": {
    args: inComponent(),
    run: (call) =>
      modulesOf(call).flatMap(([path, module]) => [
        ...module.functions.map((fn) => ({
          identifier: `${path}:${fn.name}`,
          functionType: fn.udfType,
          visibility: shownVisibility(fn.visibility),
          args: validator(fn.args),
          returns: validator(fn.returns),
        })),
        ...(module.httpRoutes ?? []).map(({ route: { method, path: at } }) => ({
          functionType: "HttpAction",
          method,
          path: at,
        })),
      ]),
  },
  "_system/frontend/modules:list": {
    args: inComponent(),
    run: (call) => listModules(call.services.live.revision, definitionOf(call)),
  },
  /** The modules of the app, under null, and of every component, under its id. */
  "_system/frontend/modules:listForAllComponents": {
    args: NOTHING,
    run: ({ services }) =>
      [...componentDefinitions(services.live.revision)].map(
        ([path, definition]) => [
          path === "" ? null : path,
          listModules(services.live.revision, definition),
        ],
      ),
  },
  /** Text of the validator of a function's arguments; null for an unknown one. */
  "_system/frontend/modules:argsValidator": {
    args: inComponent({ function: text }),
    run(call) {
      const [path = "", name = "default"] = (
        call.args["function"] as string
      ).split(":");
      const fn = definitionOf(call)
        ?.analysis.get(`${path.replace(/\.js$/, "")}.js`)
        ?.functions.find((candidate) => candidate.name === name);
      return fn === undefined ? null : (fn.args ?? '{ "type": "any" }');
    },
  },
  /** Version of the `convex` package that the code was pushed with. */
  "_system/frontend/getVersion": {
    args: NOTHING,
    run: ({ services }) =>
      componentDefinitions(services.live.revision).get("")?.udfServerVersion ??
      null,
  },
  "_system/frontend/node:version": {
    args: NOTHING,
    run({ services: { live } }) {
      const modules = [...live.revision.definitions.values()].flatMap(
        (definition) => [...definition.modules.values()],
      );
      return modules.some(({ environment }) => environment === "node")
        ? `nodejs${process.versions.node.split(".")[0]}.x`
        : null;
    },
  },
  "_system/frontend/components:list": { args: NOTHING, run: listComponents },
  "_system/frontend/getSchemas": {
    args: inComponent(),
    run(call) {
      const schema = definitionOf(call)?.schema ?? null;
      return schema === null ? {} : { active: JSON.stringify(schema) };
    },
  },
  /** A push checks documents in the transaction that ends it, so there is none on the way. */
  "_system/frontend/getSchemas:schemaValidationProgress": {
    args: inComponent(),
    run: () => null,
  },
  "_system/frontend/indexes": {
    args: objectOf({
      tableName: optional(nullable(text)),
      tableNamespace: nullable(text),
    }),
    run: listIndexes,
  },
  "_system/frontend/listAuthProviders": {
    args: NOTHING,
    run: ({ services }) =>
      services.live.revision.auth.map((provider) => ({
        ...(provider as unknown as Record<string, JSONValue>),
        ...("algorithm" in provider
          ? { algorithm: JSON.stringify(provider.algorithm) }
          : {}),
        ...systemId("_auth", JSON.stringify(provider)),
      })),
  },
};

function definitionOf({
  services,
  component,
}: SystemCall): RevisionDefinition | undefined {
  return componentDefinitions(services.live.revision).get(component);
}

function modulesOf(call: SystemCall): [string, AnalyzedModule][] {
  return [...(definitionOf(call)?.analysis ?? [])];
}

type ModuleEntry = [string, Record<string, JSONValue>];

/** Modules with their functions, HTTP routes and crons, as the dashboard groups them. */
function listModules(
  { version }: CodeRevision,
  definition: RevisionDefinition | undefined,
): ModuleEntry[] {
  return [...(definition?.analysis ?? [])].map(([path, module]) => [
    path,
    {
      functions: [
        ...module.functions.map(({ name, udfType, visibility }) => ({
          name,
          udfType,
          visibility: shownVisibility(visibility),
        })),
        ...(module.httpRoutes ?? []).map(({ route }) => ({
          name: `${route.method} ${route.path}`,
          udfType: "HttpAction",
          visibility: { kind: "public" },
        })),
      ],
      // Changes with every push, so that who shows sources fetches them again.
      sourcePackageId: systemId("_source_packages", `${version}`)._id,
      ...(module.cronSpecs === null
        ? {}
        : {
            cronSpecs: module.cronSpecs.map(({ identifier, spec }) => [
              identifier,
              shownCronSpec(spec),
            ]),
          }),
    },
  ]);
}

/** A function without a mark of visibility is public to whoever asks. */
function shownVisibility(visibility: { kind: string } | null) {
  return { kind: visibility?.kind ?? "public" };
}

/** A function's validator; one that declares none takes and returns anything. */
function validator(json: string | null): JSONValue {
  const parsed = json === null ? null : (JSON.parse(json) as JSONValue);
  return parsed ?? { type: "any" };
}

function listComponents({ services: { live } }: SystemCall): JSONValue {
  const { definitions, unmounted, version } = live.revision;
  if (version === 0) return [];
  const mounted = [...httpPrefixes(definitions)].map(([path, httpPrefix]) =>
    shownComponent(path, "active", httpPrefix),
  );
  const others = unmounted.map((path) =>
    shownComponent(path, "unmounted", null),
  );
  return [...mounted, ...others];
}

/** A component's id is its path. */
function shownComponent(
  path: string,
  state: "active" | "unmounted",
  httpPrefix: string | null,
) {
  const name = path === "" ? null : path.slice(path.lastIndexOf("/") + 1);
  return { id: path, name, path, args: {}, state, httpPrefix };
}

interface StagedIndex {
  indexDescriptor: string;
  fields?: string[];
}

interface SchemaTable {
  tableName: string;
  stagedDbIndexes?: StagedIndex[];
  stagedSearchIndexes?: StagedIndex[];
  stagedVectorIndexes?: StagedIndex[];
}

function listIndexes({ services, tx, args }: SystemCall): JSONValue {
  const { tableName, tableNamespace } = args;
  const component = typeof tableNamespace === "string" ? tableNamespace : "";
  if (typeof tableName !== "string") return null;
  // For a live query to hear of indexes that come and go.
  tx.tableNames(component);
  const table = tx.table(component, tableName);
  const there = [...(table?.indexes ?? []), ...(table?.contentIndexes ?? [])];
  const schema = componentDefinitions(services.live.revision).get(component)
    ?.schema as { tables: SchemaTable[] } | null | undefined;
  const defined = schema?.tables.find((one) => one.tableName === tableName);
  const staged = [
    ...(defined?.stagedDbIndexes ?? []),
    ...(defined?.stagedSearchIndexes ?? []),
    ...(defined?.stagedVectorIndexes ?? []),
  ];
  return [
    ...there.map((index) => shownIndex(index.name, fieldsOf(index), {})),
    ...(table?.building ?? []).map((index) =>
      shownIndex(index.name, fieldsOf(index), { state: "backfilling" }),
    ),
    ...staged.map(({ indexDescriptor, fields, ...others }) =>
      shownIndex(indexDescriptor, fields ?? others, { staged: true }),
    ),
  ];
}

function fieldsOf(index: AnyIndex): JSONValue {
  switch (index.kind) {
    case "database":
      return [...index.fields];
    case "search": {
      const { searchField, filterFields } = index;
      return { searchField, filterFields: [...filterFields] };
    }
    case "vector": {
      const { vectorField, filterFields, dimensions } = index;
      return { vectorField, filterFields: [...filterFields], dimensions };
    }
  }
}

function shownIndex(
  name: string,
  fields: JSONValue,
  { state = "done", staged = false }: { state?: string; staged?: boolean },
): JSONValue {
  return { name, staged, fields, backfill: { state } };
}
