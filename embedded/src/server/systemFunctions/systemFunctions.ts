import type { JSONValue, ValidatorJSON } from "convex/values";
import type { Transaction } from "../../database/transactions/transaction.js";
import { validateArgs } from "../../database/values/validators.js";
import { FunctionFailure } from "../../functions/failure.js";
import type { Caller } from "../auth/auth.js";
import type { AuditActor } from "../auditLog.js";
import { isJsonObject } from "../http/body.js";
import { HttpError } from "../http/http.js";
import { checkConvexJson } from "../values.js";
import type { LiveCode } from "../liveCode.js";
import { componentDefinitions } from "../push/diff.js";
import type { StoredFiles } from "../../files/storedFiles.js";
import type { Args } from "./arguments.js";

/** Parts of the deployment that system functions use. */
export interface SystemServices {
  readonly live: Pick<LiveCode, "revision" | "environment">;
  readonly urls: { readonly cloud: string; readonly site: string };
  readonly files: Pick<StoredFiles, "url" | "uploadUrl">;
}

/** One call of a system function, its arguments checked. */
export interface SystemCall {
  readonly services: SystemServices;
  readonly args: Args;
  /** Path of the component that it looks at. */
  readonly component: string;
  readonly tx: Transaction;
  /** Where the page of an earlier run of the same query ended; then where this run's page did. */
  journal: string | null;
}

/** One call of a mutation. */
export interface MutationCall extends SystemCall {
  readonly actor: AuditActor;
  readonly nowMs: number;
}

/** A query of the CLI or dashboard, at one snapshot. */
export interface SystemQuery {
  readonly args: ValidatorJSON;
  run(call: SystemCall): JSONValue;
}

/** A mutation of the dashboard, in one transaction. */
export interface SystemMutation {
  readonly args: ValidatorJSON;
  run(call: MutationCall): JSONValue;
}

/** A system function as it was called. */
export interface SystemRequest {
  readonly path: string;
  readonly args: unknown;
  readonly componentPath: string;
  readonly journal?: string | null;
}

/** The one spelling of a path that the tables of functions have. */
export function functionName(path: string): string {
  return path.replace(/\.js(?=:|$)/, "").replace(/:default$/, "");
}

/** Whether a path names a function of the deployment's own. */
export function isSystemPath(path: string): boolean {
  return path.startsWith("_system/");
}

/**
 * The function of a table that a caller with the key asked for, and the call of it.
 * @throws HttpError without the key, or where there is no such function; FunctionFailure for
 * arguments that it does not take
 */
export function prepare<F extends { readonly args: ValidatorJSON }>(
  functions: ReadonlyMap<string, F>,
  services: SystemServices,
  { path, args, componentPath, journal = null }: SystemRequest,
  caller: Caller,
  tx: Transaction,
): { fn: F; call: SystemCall } {
  requireKey(caller);
  const fn = functions.get(functionName(path));
  if (fn === undefined) {
    throw new HttpError(
      404,
      "UnknownSystemFunction",
      `The embedded deployment has no system function "${path.slice(0, 200)}".`,
    );
  }
  checkConvexJson(args, "args");
  const given = isJsonObject(args) ? (args as Args) : {};
  validateArgs(tx, componentPath, fn.args, given);
  const { componentId } = given;
  const component =
    typeof componentId === "string" ? componentId : componentPath;
  if (!isComponent(services, tx, component)) {
    throw new FunctionFailure(
      `Component ${JSON.stringify(component.slice(0, 200))} not found`,
    );
  }
  return { fn, call: { services, args: given, component, tx, journal } };
}

/** Refuses whoever has not the key. */
export function requireKey({ role }: Caller): void {
  if (role === "admin") return;
  throw new HttpError(403, "Forbidden", "System functions need the admin key.");
}

/** Whether there is such a component, mounted or with tables from when it was. */
function isComponent(
  { live }: SystemServices,
  tx: Transaction,
  path: string,
): boolean {
  return (
    path === "" ||
    tx.componentPaths().includes(path) ||
    live.revision.unmounted.includes(path) ||
    componentDefinitions(live.revision).has(path)
  );
}
