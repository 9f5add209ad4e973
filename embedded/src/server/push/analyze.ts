import { identifierProblem } from "../../database/values/names.js";
import { checkValidator } from "../../database/values/validatorDefinition.js";
import { EmbeddedError } from "../../errors.js";
import type {
  AnalyzedFunction,
  ModuleNamespace,
  ModuleSource,
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

/**
 * Lists the functions, HTTP routes and crons of a definition's entry points.
 * @param modules - the runtime of each; those that are left out are of the default one
 */
export function analyzeModules(
  namespaces: ReadonlyMap<string, ModuleNamespace>,
  modules: ReadonlyMap<string, Pick<ModuleSource, "environment">> = new Map(),
): Map<string, AnalyzedModule> {
  const analysis = new Map<string, AnalyzedModule>();
  for (const [path, exports] of namespaces) {
    analysis.set(path, {
      functions: analyzeFunctions(
        path,
        modules.get(path)?.environment,
        exports,
      ),
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
  exportArgs?(): unknown;
  exportReturns?(): unknown;
}

function analyzeFunctions(
  path: string,
  environment: ModuleSource["environment"] | undefined,
  exports: ModuleNamespace,
): AnalyzedFunction[] {
  return Object.entries(exports).flatMap(([name, value]) => {
    if (!isObject(value)) return [];
    const udfType = udfTypeOf(value);
    if (udfType === undefined) return [];
    const registered: RegisteredFunction = value;
    if ("isPublic" in registered && "isInternal" in registered) return [];
    if (environment === "node" && udfType !== "Action") {
      throw invalid(
        `\`${name}\` defined in \`${path}\` is a ${udfType} function. Only actions can be defined in Node.js. See https://docs.convex.dev/functions/actions for more details.`,
      );
    }
    const problem = identifierProblem(name);
    if (problem !== null) {
      throw invalid(`Invalid function name used in \`${path}\`: ${problem}`);
    }
    return {
      name,
      pos: null,
      udfType,
      visibility: visibilityOf(registered),
      args: validatorOf(registered, "exportArgs", `${path}:${name}`),
      returns: validatorOf(registered, "exportReturns", `${path}:${name}`),
    };
  });
}

/** JSON text of the validator of a function's arguments or result, checked as Convex does. */
function validatorOf(
  fn: RegisteredFunction,
  exporter: "exportArgs" | "exportReturns",
  identifier: string,
): string | null {
  if (fn[exporter] === undefined) return null;
  const text = fn[exporter]();
  if (typeof text !== "string") {
    throw invalid(
      `Invalid ${exporter} return value: ${identifier}.${exporter}() didn't return a string.`,
    );
  }
  const problem = validatorProblem(exporter, JSON.parse(text));
  if (problem === null) return text;
  throw invalid(
    `Invalid JSON returned from ${identifier}.${exporter}(): ${problem}`,
  );
}

function validatorProblem(
  exporter: "exportArgs" | "exportReturns",
  validator: unknown,
): string | null {
  if (exporter === "exportReturns" && validator === null) return null;
  try {
    checkValidator(validator);
  } catch (error) {
    if (!(error instanceof EmbeddedError)) throw error;
    return exporter === "exportReturns"
      ? `Error in returns validator: ${error.message}`
      : `Error in args validator: ${error.message}\nSee https://docs.convex.dev/functions/validation for docs on how to do argument validation.`;
  }
  const isOfArgs = validator.type === "object" || validator.type === "any";
  return exporter === "exportReturns" || isOfArgs
    ? null
    : "Args validator must be an object or any";
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

/** Methods that the router of Convex knows. */
const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

function analyzeRoutes(router: unknown): HttpRoute[] {
  if (router === undefined) {
    throw invalid("`convex/http.js` must have a default export of a Router.");
  }
  if (!isObject(router) || !("isRouter" in router) || !router.isRouter) {
    throw invalid("The default export of `convex/http.js` is not a Router.");
  }
  const { getRoutes } = router as { getRoutes?: unknown };
  if (typeof getRoutes !== "function") {
    throw invalid(".getRoutes property on Router not found");
  }
  const routes = (router as unknown as { getRoutes(): unknown }).getRoutes();
  return Array.from(routes as Iterable<readonly unknown[]>, (entry, i) => {
    const [path, method] = entry;
    if (typeof path !== "string")
      throw notRoutes(`arr[${i}][0] is not a string`);
    if (typeof method !== "string") {
      throw notRoutes(`arr[${i}][1] is not a string`);
    }
    if (!METHODS.includes(method)) {
      throw notRoutes(
        `'${method}' is not a routable method (one of ${METHODS.join(", ")})`,
      );
    }
    return { route: { path, method }, pos: null };
  });
}

function notRoutes(problem: string) {
  return invalid(
    `The \`getRoutes()\` method of Router did not return the expected type. \`getRoutes()\` should be a function returning an array of entries of the form [path: string, method: string, handler: HttpAction] (${problem})`,
  );
}

function invalid(problem: string) {
  return badRequest("InvalidModules", problem);
}
