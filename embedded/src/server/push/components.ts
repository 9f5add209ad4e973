import type { ComponentInstance } from "../../functions/types.js";
import type { Environment } from "../environment.js";
import { badRequest } from "../http/http.js";
import type { AnalyzedModule } from "./analyze.js";
import type {
  ChildComponent,
  ComponentDefinitionMetadata,
  ComponentExports,
} from "./definitions.js";

/** Definitions by the path they were pushed under. */
export type Definitions = ReadonlyMap<
  string,
  { readonly metadata: ComponentDefinitionMetadata }
>;

/** The `app` tree of a push's answer, from which the CLI generates code. */
export interface CheckedComponent {
  definitionPath: string;
  componentPath: string;
  args: Record<string, never>;
  childComponents: Record<string, CheckedComponent>;
  httpRoutes: {
    httpModuleRoutes: { method: string; path: string }[] | null;
    mounts: string[];
  };
  exports: Record<string, CheckedExport>;
}

type CheckedExport =
  | { type: "branch"; children: Record<string, CheckedExport> }
  | {
      type: "leaf";
      resource: {
        type: "function";
        path: { component: string; udfPath: string };
      };
    };

/** Every component that the definitions mount, the app ("") first. */
export function mountComponents(
  definitions: Definitions,
  environment: Environment,
  builtIn: Environment,
): Map<string, ComponentInstance> {
  const mounted = new Map<string, ComponentInstance>();
  const mount = (
    path: string,
    name: string,
    definitionPath: string,
    env: Environment,
    sitePrefix: string,
  ) => {
    const { metadata } = definitions.get(definitionPath)!;
    const { childComponents, httpPrefix } = metadata;
    const children = childComponents.map(
      (child) => [child.name, join(path, child.name)] as const,
    );
    mounted.set(path, {
      definitionPath,
      name,
      children: Object.fromEntries(children),
      httpMounts: httpMounts(path, metadata),
      ...(httpPrefix === undefined ? {} : { httpPrefix }),
      env: { ...env, ...builtIn, ...siteUrl(builtIn, sitePrefix) },
    });
    for (const child of childComponents) {
      const bound = boundEnvironment(child, env);
      const prefix = prefixOf(child, metadata);
      mount(
        join(path, child.name),
        child.name,
        child.path,
        bound,
        prefix === undefined ? "" : sitePrefix + prefix,
      );
    }
  };
  mount("", "", "", environment, "");
  return mounted;
}

/**
 * The path under which each mounted component's HTTP routes are served; null where nothing is put
 * before them.
 */
export function httpPrefixes(
  definitions: Definitions,
): Map<string, string | null> {
  const mounted = mountComponents(definitions, {}, { CONVEX_SITE_URL: "" });
  return new Map(
    [...mounted].map(([path, { env, httpPrefix = null }]) => {
      const mount = env["CONVEX_SITE_URL"] ?? "";
      return [path, path === "" || mount === "" ? httpPrefix : `${mount}/`];
    }),
  );
}

/**
 * Refuses a push whose app declares variables that are not set. The CLI reads
 * the names out of this very sentence to tell how to set them.
 */
export function checkEnvironment(
  app: ComponentDefinitionMetadata,
  environment: Environment,
): void {
  const missing = (app.envVars ?? [])
    .filter(
      ([name, { optional }]) => optional !== true && !(name in environment),
    )
    .map(([name]) => name);
  if (missing.length === 0) return;
  throw badRequest(
    "MissingEnvironmentVariables",
    `Environment variables declared in convex.config.ts are not set: ${missing.join(", ")}.`,
  );
}

/** Refuses to remove variables that the app declares and needs. */
export function checkRequired(
  { envVars = [] }: ComponentDefinitionMetadata,
  changes: readonly { name: string; value: string | null }[],
): void {
  const removed = changes.flatMap(({ name, value }) =>
    value === null ? [name] : [],
  );
  const needed = envVars.flatMap(([name, { optional }]) =>
    optional !== true && removed.includes(name) ? [name] : [],
  );
  if (needed.length === 0) return;
  throw badRequest(
    "RequiredEnvironmentVariable",
    `Cannot delete required environment variables: ${needed.join(", ")}. convex.config.ts declares them as required: make them optional there and push, then delete them.`,
  );
}

/** The mounted tree as the CLI's code generation reads it. */
export function checkedTree(
  definitions: ReadonlyMap<
    string,
    {
      readonly metadata: ComponentDefinitionMetadata;
      readonly analysis: ReadonlyMap<string, AnalyzedModule>;
    }
  >,
  definitionPath = "",
  componentPath = "",
): CheckedComponent {
  const { metadata, analysis } = definitions.get(definitionPath)!;
  const children = metadata.childComponents.map((child) => [
    child.name,
    checkedTree(definitions, child.path, join(componentPath, child.name)),
  ]);
  const routes = analysis.get("http.js")?.httpRoutes ?? null;
  return {
    definitionPath,
    componentPath,
    args: {},
    childComponents: Object.fromEntries(children) as Record<
      string,
      CheckedComponent
    >,
    httpRoutes: {
      httpModuleRoutes: routes?.map(({ route }) => route) ?? null,
      mounts: Object.keys(metadata.httpMounts),
    },
    exports: checkedExports(metadata.exports, componentPath),
  };
}

function checkedExports(
  exports: ComponentExports,
  component: string,
): Record<string, CheckedExport> {
  if (exports.type === "leaf") return {};
  const checked = exports.branch.map(([name, child]) => [
    name,
    child.type === "branch"
      ? { type: "branch", children: checkedExports(child, component) }
      : {
          type: "leaf",
          resource: {
            type: "function",
            path: {
              component,
              udfPath: child.leaf.replace("_reference/function/", ""),
            },
          },
        },
  ]);
  return Object.fromEntries(checked) as Record<string, CheckedExport>;
}

/** The variable by which a component at a path of its own makes the URLs of its routes. */
function siteUrl(builtIn: Environment, prefix: string): Environment {
  const url = builtIn["CONVEX_SITE_URL"];
  return url === undefined || prefix === ""
    ? {}
    : { CONVEX_SITE_URL: url + prefix };
}

/** The path at which a child answers HTTP requests, without its last slash. */
function prefixOf(
  { name }: ChildComponent,
  { httpMounts: mounts }: ComponentDefinitionMetadata,
): string | undefined {
  return Object.keys(mounts)
    .find((prefix) => mounts[prefix] === `_reference/childComponent/${name}`)
    ?.replace(/\/$/, "");
}

/** Mounts `{"/prefix/": "_reference/childComponent/name"}` as component paths by prefix. */
function httpMounts(
  path: string,
  { httpMounts: mounts }: ComponentDefinitionMetadata,
): Record<string, string> {
  const paths = Object.entries(mounts).map(([prefix, reference]) => [
    prefix,
    join(path, reference.replace("_reference/childComponent/", "")),
  ]);
  return Object.fromEntries(paths) as Record<string, string>;
}

/** Environment of a child component: of its parent's variables, only those that `use()` binds. */
function boundEnvironment(
  child: ChildComponent,
  parent: Environment,
): Record<string, string> {
  const bound: Record<string, string> = {};
  for (const [name, binding] of child.env ?? []) {
    const value =
      binding.type === "value" ? binding.value : parent[binding.name];
    if (value !== undefined) bound[name] = value;
  }
  return bound;
}

function join(parent: string, name: string): string {
  return parent === "" ? name : `${parent}/${name}`;
}
