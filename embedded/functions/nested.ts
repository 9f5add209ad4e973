import type { JSONValue } from "convex/values";
import type { TransactionLimits } from "../database/metrics.js";
import type { FunctionEntry } from "./deployment.js";
import { Execution } from "./execution.js";
import { checkType, execute } from "./execute.js";
import { FunctionFailure } from "./failure.js";
import type { UdfType } from "./types.js";

/** How a query or mutation calls another; a snapshot query sees nothing its caller wrote. */
export type NestedKind = "query" | "mutation" | "snapshotQuery";

export interface NestedCall {
  readonly kind: NestedKind;
  readonly entry: FunctionEntry;
  readonly args: JSONValue;
  readonly limits: Partial<TransactionLimits>;
}

const MAX_DEPTH = 8;

/**
 * Calls a function within the caller's transaction. A mutation that throws takes
 * back its own writes and schedules, and its caller may go on.
 */
export async function callNested(
  caller: Execution,
  call: NestedCall,
): Promise<string> {
  checkNestedCall(caller, call);
  if (call.kind === "snapshotQuery") {
    const snapshot = caller.tx.snapshotView();
    try {
      return await executeNested(caller, call, snapshot);
    } finally {
      snapshot.release();
    }
  }
  const layer = caller.tx.layer(call.limits);
  let result: string;
  try {
    result = await executeNested(caller, call, caller.tx);
  } catch (error) {
    layer.rollback();
    throw error;
  }
  layer.commit();
  return result;
}

/** Calls a function from an action: what it runs, it runs by itself. */
export async function callFromAction(
  caller: Execution,
  udfType: UdfType,
  entry: FunctionEntry,
  args: JSONValue,
): Promise<string> {
  checkType(entry, udfType);
  const ended = await caller.runtime.runEntry(entry, args, {
    deployment: caller.deployment,
    request:
      udfType === "Action"
        ? caller.request
        : { ...caller.request, source: "action" },
  });
  caller.logs.append(ended.logs);
  if (ended.failure !== undefined) {
    throw ended.failure;
  }
  return ended.json;
}

async function executeNested(
  caller: Execution,
  { entry, args }: NestedCall,
  tx: Execution["transaction"],
): Promise<string> {
  const nested = new Execution({
    runtime: caller.runtime,
    deployment: caller.deployment,
    fn: entry,
    request: caller.request,
    transaction: tx,
    frozenNowMs: caller.frozenNowMs,
    depth: caller.depth + 1,
    userTime: caller.userTime,
  });
  try {
    return await execute(nested, args);
  } finally {
    caller.logs.append(nested.logs);
  }
}

function checkNestedCall(caller: Execution, { kind, entry }: NestedCall): void {
  if (caller.depth >= MAX_DEPTH) {
    throw new FunctionFailure(
      `Function call depth limit exceeded calling ${entry.path} (maximum: ${MAX_DEPTH} nested calls)`,
    );
  }
  if (caller.fn.udfType === "Query" && kind !== "query") {
    throw new FunctionFailure(
      `A query can only call queries, but ${caller.fn.path} called ${entry.path} as ${kind}.`,
    );
  }
  checkType(entry, kind === "mutation" ? "Mutation" : "Query");
}
