import type { JSONValue } from "convex/values";
import type { Database } from "../../database/database.js";
import type { Clock } from "../../clock.js";
import { EmbeddedError } from "../../errors.js";
import { isFatal } from "../../functions/failure.js";
import { newRequestId } from "../../functions/requests.js";
import type { MutationHooks } from "../../functions/mutations.js";
import type { UdfOutcome } from "../../functions/types.js";
import type { Caller } from "../auth/auth.js";
import type { AuditActor } from "../auditLog.js";
import { HttpError } from "../http/http.js";
import { documentMutations } from "./documentMutations.js";
import { fileMutations } from "./files.js";
import {
  functionName,
  prepare,
  requireKey,
  type SystemMutation,
  type SystemRequest,
  type SystemServices,
} from "./systemFunctions.js";

const MUTATIONS: ReadonlyMap<string, SystemMutation> = new Map(
  Object.entries({ ...documentMutations, ...fileMutations }),
);

/** Parts of the deployment that run system mutations. */
export interface SystemMutationServices extends SystemServices {
  readonly database: Database;
  readonly clock: Clock;
}

export function isSystemMutation(path: string): boolean {
  return MUTATIONS.has(functionName(path));
}

/**
 * Runs a mutation of the dashboard until it is on disk, with what it writes to the audit log in the
 * same commit.
 * @throws HttpError without the key, or where there is no such mutation
 */
export async function runSystemMutation(
  services: SystemMutationServices,
  request: SystemRequest,
  caller: Caller,
  actor: AuditActor,
  hooks: MutationHooks = {},
): Promise<UdfOutcome> {
  requireKey(caller);
  const { database, clock } = services;
  try {
    const { value, ts, durable } = await database.write((tx) => {
      if (hooks.begin?.(tx) === false) return null;
      const { fn, call } = prepare(MUTATIONS, services, request, caller, tx);
      const result = fn.run({ ...call, actor, nowMs: clock.now() });
      hooks.beforeCommit?.(tx, { value: result, logLines: [] });
      return result;
    });
    hooks.committed?.();
    await durable;
    const json = JSON.stringify(value satisfies JSONValue);
    return { status: "success", json, value, logLines: [], ts };
  } catch (error) {
    return failedOutcome(error);
  }
}

/**
 * The outcome of a system function that failed by its caller's fault.
 * @throws any other error again
 */
export function failedOutcome(error: unknown): UdfOutcome {
  const isOfCaller =
    error instanceof EmbeddedError &&
    !(error instanceof HttpError) &&
    !isFatal(error);
  if (!isOfCaller) throw error;
  const { message, data } = error;
  return {
    status: "error",
    errorMessage: `[Request ID: ${newRequestId()}] Server Error\n${message}`,
    ...(data === undefined ? {} : { errorData: data }),
    logLines: [],
  };
}
