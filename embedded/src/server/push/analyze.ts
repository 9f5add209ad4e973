import type {
  AnalyzedFunction,
  ModuleNamespace,
  UdfType,
} from "../../functions/types.js";
import { badRequest } from "../http/http.js";
import { analyzeCrons, checkCronTargets, type AnalyzedCron } from "./crons.js";
import type { ComponentExports } from "./definitions.js";

/** Contents of a module, in the shape the CLI reads. */
export interface AnalyzedModule {
  functions: readonly AnalyzedFunction[];
  httpRoutes: readonly HttpRoute[] | null;
  cronSpecs: readonly AnalyzedCron[] | null;
  sourceMapped: null;
}

export interface HttpRoute {
  route: { path: string; method: string };
  pos: null;
}

/** Lists the functions, HTTP routes and crons of a definition's entry points. */
export function analyzeModules(
  modules: ReadonlyMap<string, ModuleNamespace>,
): Map<string, AnalyzedModule> {
  const analysis = new Map<string, AnalyzedModule>();
  for (const [path, exports] of modules) {
    analysis.set(path, {
      functions: analyzeFunctions(exports),
      httpRoutes: path === "http.js" ? analyzeRoutes(exports["default"]) : null,
      cronSpecs: path === "crons.js" ? analyzeCrons(exports["default"]) : null,
      sourceMapped: null,
    });
  }
  checkCronTargets(analysis);
  return analysis;
}

/** The tree by which other components reach a component's public functions. */
export function exportTree(
  analysis: ReadonlyMap<string, AnalyzedModule>,
): ComponentExports {
  const root: ComponentExports = { type: "branch", branch: [] };
  for (const [path, { functions }] of analysis) {
    const modulePath = path.replace(/\.js$/, "");
    for (const { name, visibility } of functions) {
      if (visibility?.kind !== "public") continue;
      const parent = descend(root, modulePath.split("/"));
      const leaf = `_reference/function/${modulePath}:${name}`;
      parent.branch.push([name, { type: "leaf", leaf }]);
    }
  }
  return root;
}

type Branch = Extract<ComponentExports, { type: "branch" }>;

function descend(root: Branch, segments: readonly string[]): Branch {
  let current = root;
  for (const segment of segments) {
    const found = current.branch.find(([name]) => name === segment)?.[1];
    if (found?.type === "branch") {
      current = found;
    } else {
      const next: Branch = { type: "branch", branch: [] };
      current.branch.push([segment, next]);
      current = next;
    }
  }
  return current;
}

/** The marks that `query()`, `mutation()` and `action()` leave on the function they return. */
interface RegisteredFunction {
  isPublic?: boolean;
  isInternal?: boolean;
  exportArgs?(): string;
  exportReturns?(): string;
}

function analyzeFunctions(exports: ModuleNamespace): AnalyzedFunction[] {
  return Object.entries(exports).flatMap(([name, value]) => {
    if (!isObject(value)) return [];
    const udfType = udfTypeOf(value);
    if (udfType === undefined) return [];
    const registered: RegisteredFunction = value;
    return {
      name,
      pos: null,
      udfType,
      visibility: visibilityOf(registered),
      args: registered.exportArgs?.() ?? null,
      returns: registered.exportReturns?.() ?? null,
    };
  });
}

function isObject(value: unknown): value is object {
  return (
    value !== null && (typeof value === "object" || typeof value === "function")
  );
}

/**
 * The kind of a registered function. Exactly one mark makes a function; a proxy that answers to
 * every name is none.
 */
function udfTypeOf(value: object): UdfType | undefined {
  const types = (["Query", "Mutation", "Action"] as const).filter(
    (type) => `is${type}` in value,
  );
  return types.length === 1 ? types[0] : undefined;
}

function visibilityOf(fn: RegisteredFunction): AnalyzedFunction["visibility"] {
  if (fn.isPublic === true) return { kind: "public" };
  return fn.isInternal === true ? { kind: "internal" } : null;
}

function analyzeRoutes(router: unknown): HttpRoute[] {
  if (
    typeof router !== "object" ||
    router === null ||
    !("getRoutes" in router)
  ) {
    throw badRequest(
      "InvalidModules",
      "The default export of http.js must be what httpRouter() returns.",
    );
  }
  const httpRouter = router as {
    getRoutes(): [path: string, method: string][];
  };
  return Array.from(httpRouter.getRoutes(), ([path, method]) => ({
    route: { path, method },
    pos: null,
  }));
}
