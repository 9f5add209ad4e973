import type { JSONValue } from "convex/values";
import {
  canonicalPath,
  displayPath,
  type FunctionAddress,
} from "./functionPath.js";
import type { ModuleSource, UdfType } from "./types.js";

/** One function of one component instance. */
export interface FunctionEntry {
  readonly componentPath: string;
  readonly modulePath: string;
  readonly name: string;
  /** `mod/path.js:fn` */
  readonly path: string;
  readonly udfType: UdfType;
  readonly isPublic: boolean;
  /** Parsed validators; null where none was declared. */
  readonly args: JSONValue;
  readonly returns: JSONValue;
}

/** A registered function as `convex/server` makes it. */
export interface InvocableFunction {
  invokeQuery(args: string): Promise<string>;
  invokeMutation(args: string): Promise<string>;
  invokeAction(requestId: string, args: string): Promise<string>;
}

/** The HTTP action that `httpAction()` makes of a handler. */
export interface InvocableHttpAction {
  invokeHttpAction(request: Request): Promise<unknown>;
}

/** The router that `httpRouter()` makes, as far as it is called. */
export interface HttpRouter {
  lookup(
    path: string,
    method: string,
  ):
    | readonly [handler: InvocableHttpAction, method: string, route: string]
    | null;
}

/** Deployed code, as far as executions need it. */
export interface FunctionSource {
  /**
   * The function that code in `fromComponent` addresses.
   * @param describeMissing - the failure's text where there is none. @default {@link missingFunction}
   * @throws FunctionFailure when there is none, or when that code may not call it
   */
  resolve(
    fromComponent: string,
    address: FunctionAddress,
    describeMissing?: DescribeMissing,
  ): FunctionEntry;
  /**
   * Loads a function; one that was loaded before is there at once.
   * @throws FunctionFailure when the module does not have the function
   */
  loadFunction(
    entry: FunctionEntry,
  ): InvocableFunction | Promise<InvocableFunction>;
  /** A module's source, for stack traces. */
  module(componentPath: string, modulePath: string): ModuleSource | undefined;
}

/** Says that a function is missing, by its path and component. */
export type DescribeMissing = (path: string, componentPath: string) => string;

/**
 * Convex's words for a function that does not exist, or that this caller may not call; also for
 * code that could call any.
 */
export function missingFunction(path: string, componentPath: string): string {
  const shown = displayPath(canonicalPath(path)).replace(/:default$/, "");
  return `Could not find public function for '${shown}'${inComponent(componentPath)}.`;
}

/** Convex's words for a function that is missing where an operator asks for any. */
export function missingAnyFunction(
  path: string,
  componentPath: string,
): string {
  const shown = displayPath(canonicalPath(path));
  return `Could not find function for '${shown}'${inComponent(componentPath)}. Did you forget to run \`npx convex dev\`?`;
}

/** ` in '…'` for errors about a function of a component; nothing for the app's. */
export function inComponent(componentPath: string): string {
  return componentPath === "" ? "" : ` in '${componentPath}'`;
}
