import { loadModules } from "../../functions/realm/loader.js";
import type { Restrictions } from "../../functions/realm/restrictions.js";
import type { ModuleSource } from "../../functions/types.js";
import { HttpError, badRequest } from "../http/http.js";
import type { PushedDefinition } from "./request.js";

/** `definition.export()` of a convex.config, with the path it was pushed under. */
export interface ComponentDefinitionMetadata {
  path: string;
  definitionType: { type: "app" } | { type: "childComponent"; name: string };
  /** Prefix of the app's own routes, such as `/api/`; not of those of its components. */
  httpPrefix?: string;
  childComponents: readonly ChildComponent[];
  httpMounts: Readonly<Record<string, string>>;
  exports: ComponentExports;
  envVars?: readonly (readonly [string, EnvVarDeclaration])[];
}

/** One `use()` of a component. */
export interface ChildComponent {
  name: string;
  path: string;
  env?: readonly (readonly [string, EnvBinding])[] | null;
}

/** A value that `use()` binds to a child's environment variable. */
export type EnvBinding =
  { type: "value"; value: string } | { type: "envVar"; name: string };

export interface EnvVarDeclaration {
  type: "value";
  /** JSON text of the validator. */
  value: string;
  optional?: boolean;
}

export type ComponentExports =
  | { type: "leaf"; leaf: string }
  | { type: "branch"; branch: (readonly [string, ComponentExports])[] };

/** Settings for the evaluation of pushed modules. */
export interface EvaluationOptions {
  env: Readonly<Record<string, string>>;
  nowMs: number;
  restrictions?: Restrictions;
}

/**
 * Evaluates every convex.config that the app reaches, dependencies first: the import of a
 * component's config stands for its path and its name.
 */
export async function evaluateDefinitions(
  pushed: ReadonlyMap<string, PushedDefinition>,
  options: EvaluationOptions,
): Promise<Map<string, ComponentDefinitionMetadata>> {
  const evaluated = new Map<string, ComponentDefinitionMetadata>();
  const visit = async (path: string, importedBy: readonly string[]) => {
    if (evaluated.has(path)) return;
    const definition = pushed.get(path);
    if (definition === undefined) {
      throw invalid(
        `${describe(importedBy.at(-1) ?? "")} imports the component "${path}", which the push does not contain`,
      );
    }
    if (importedBy.includes(path)) {
      throw invalid(
        `components use each other in a circle: ${[...importedBy, path].map(describe).join(" → ")}`,
      );
    }
    for (const dependency of definition.dependencies) {
      await visit(dependency, [...importedBy, path]);
    }
    evaluated.set(path, await evaluateOne(definition, evaluated, options));
  };
  await visit("", []);
  return evaluated;
}

async function evaluateOne(
  pushed: PushedDefinition,
  evaluated: ReadonlyMap<string, ComponentDefinitionMetadata>,
  options: EvaluationOptions,
): Promise<ComponentDefinitionMetadata> {
  if (pushed.definition === null) return appWithoutConfig();
  const imports = pushed.dependencies.map((dependency) =>
    dependencyModule(dependency, evaluated.get(dependency)!),
  );
  const exported = await evaluateExport(pushed.definition, imports, {
    ...options,
    restrictions: pushed.path === "" ? OF_DEFINITIONS : OF_COMPONENTS,
  });
  if (exported === undefined) {
    throw invalid(
      `the default export of ${describe(pushed.path)}'s convex.config is not what defineApp or defineComponent returns`,
    );
  }
  const metadata = {
    ...(exported as Omit<ComponentDefinitionMetadata, "path">),
    path: pushed.path,
  };
  checkMetadata(metadata, evaluated);
  return metadata;
}

const OF_DEFINITIONS: Restrictions = {
  time: "Date unsupported when evaluating app definition",
  randomness: "Math.random unsupported when evaluating app definition",
};

const OF_COMPONENTS: Restrictions = {
  ...OF_DEFINITIONS,
  environment: () =>
    "Environment variables are only supported in the app's convex.config.ts. Learn more at https://docs.convex.dev/components/authoring#environment-variables",
};

/**
 * The module behind an import of a component's config: the CLI rewrites `import c from
 * "x/convex.config"` to this path.
 */
function dependencyModule(
  path: string,
  metadata: ComponentDefinitionMetadata,
): ModuleSource {
  const { definitionType } = metadata;
  if (definitionType.type !== "childComponent") {
    throw invalid(`"${path}" is an app; only components can be used`);
  }
  const source = `export default ${JSON.stringify({
    componentDefinitionPath: path,
    defaultName: definitionType.name,
  })};`;
  return {
    path: `_componentDeps/${Buffer.from(path).toString("base64url")}`,
    source,
    environment: "isolate",
  };
}

function checkMetadata(
  metadata: ComponentDefinitionMetadata,
  evaluated: ReadonlyMap<string, ComponentDefinitionMetadata>,
): void {
  const isRoot = metadata.path === "";
  if (isRoot !== (metadata.definitionType.type === "app")) {
    throw invalid(
      isRoot
        ? "the app's convex.config must use defineApp"
        : `${describe(metadata.path)}'s convex.config must use defineComponent`,
    );
  }
  const names = new Set<string>();
  for (const child of metadata.childComponents) {
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(child.name)) {
      throw invalid(
        `"${child.name}" cannot name a component: use letters, digits and "_", a letter first`,
      );
    }
    if (names.has(child.name)) {
      throw invalid(
        `${describe(metadata.path)} uses two components named "${child.name}". Give one another name: use(component, { name: "…" })`,
      );
    }
    if (!evaluated.has(child.path)) {
      throw invalid(`the component "${child.name}" is not in the push`);
    }
    names.add(child.name);
  }
}

function appWithoutConfig(): ComponentDefinitionMetadata {
  return {
    path: "",
    definitionType: { type: "app" },
    childComponents: [],
    httpMounts: {},
    exports: { type: "branch", branch: [] },
  };
}

/** `export()` of a module's default export, once evaluated; undefined when it has none. */
export async function evaluateExport(
  entry: ModuleSource,
  imports: readonly ModuleSource[],
  options: EvaluationOptions,
): Promise<unknown> {
  const modules = new Map([entry, ...imports].map((m) => [m.path, m]));
  const namespaces = await loadModules(modules, [entry.path], options);
  return exportJson(namespaces.get(entry.path)?.["default"], entry.path);
}

/** `value.export()`, copied out of the realm that made it; undefined when it has none. */
export function exportJson(value: unknown, modulePath: string): unknown {
  if (typeof value !== "object" || value === null || !("export" in value)) {
    return undefined;
  }
  if (typeof value.export !== "function") return undefined;
  const exporter = value as { export(): unknown };
  try {
    const exported = exporter.export();
    return JSON.parse(
      typeof exported === "string" ? exported : JSON.stringify(exported),
    );
  } catch (cause) {
    // Not `instanceof Error`: the error comes from the module's own realm.
    throw new HttpError(
      400,
      "InvalidModules",
      `Failed to analyze ${modulePath}: ${String(cause)}`,
      { cause },
    );
  }
}

function describe(path: string): string {
  return path === "" ? "the app" : `"${path}"`;
}

function invalid(problem: string) {
  return badRequest(
    "InvalidComponentDefinition",
    `Invalid components: ${problem}.`,
  );
}
