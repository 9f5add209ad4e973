import type { JSONValue } from "convex/values";
import type { TransactionLimits } from "../../database/metrics.js";
import type { Transaction } from "../../database/transactions/transaction.js";
import { Execution, type RequestContext } from "./execution.js";
import { checkType, execute } from "./execute.js";
import { FunctionFailure } from "../failure.js";
import type { FunctionEntry } from "../functionEntry.js";
import type { UdfType } from "../types.js";

/**
 * Kind of a call between queries and mutations; a snapshot query sees none of its caller's writes.
 */
export type NestedKind = "query" | "mutation" | "snapshotQuery";

export interface NestedCall {
  readonly kind: NestedKind;
  readonly entry: FunctionEntry;
  readonly args: JSONValue;
  readonly limits: Partial<TransactionLimits>;
}

const MAX_DEPTH = 8;

/** How errors name the kinds. */
const NESTED_NAMES: Readonly<Record<NestedKind, string>> = {
  query: "Query",
  mutation: "Mutation",
  snapshotQuery: "SnapshotQuery",
};

/**
 * Calls a function within the caller's transaction. A mutation that throws rolls back its own
 * writes and schedules, and its caller may go on. The same happens when the caller returns without
 * waiting for the call.
 */
export async function callNested(
  caller: Execution,
  call: NestedCall,
): Promise<string> {
  checkNestedCall(caller, call);
  const scope =
    call.kind === "snapshotQuery"
      ? snapshotScope(caller.tx)
      : layerScope(caller.tx, call.limits);
  const nested = nestedExecution(caller, call.entry, scope.tx);
  const abandon = () => {
    nested.finish();
    scope.fail();
  };
  caller.abandonNested = abandon;
  const end = (how: () => void) => {
    if (caller.abandonNested === abandon) {
      caller.abandonNested = null;
      caller.logs.append(nested.logs);
      how();
    }
  };
  try {
    const result = await execute(nested, call.args);
    end(scope.succeed);
    return result;
  } catch (error) {
    end(scope.fail);
    throw error;
  }
}

/** Calls a function from an action, in a transaction or action of its own. */
export async function callFromAction(
  caller: Execution,
  udfType: UdfType,
  entry: FunctionEntry,
  args: JSONValue,
): Promise<string> {
  checkType(entry, udfType);
  const request = requestFor(caller, entry);
  const ended = await caller.runtime.runEntry(entry, args, {
    deployment: caller.runtime.deployment,
    request: udfType === "Action" ? request : { ...request, source: "action" },
  });
  caller.logs.append(ended.logs);
  if (ended.failure !== undefined) {
    throw ended.failure;
  }
  return ended.json;
}

/** Reads and writes of a nested call, and how they end. */
interface Scope {
  readonly tx: Transaction;
  readonly succeed: () => void;
  readonly fail: () => void;
}

function layerScope(
  tx: Transaction,
  limits: Partial<TransactionLimits>,
): Scope {
  const layer = tx.layer(limits);
  return {
    tx,
    succeed: () => layer.commit(),
    fail: () => layer.rollback(),
  };
}

function snapshotScope(caller: Transaction): Scope {
  const tx = caller.snapshotView();
  const release = () => tx.release();
  return { tx, succeed: release, fail: release };
}

function nestedExecution(
  caller: Execution,
  fn: FunctionEntry,
  transaction: Transaction,
): Execution {
  return new Execution({
    runtime: caller.runtime,
    deployment: caller.deployment,
    fn,
    request: requestFor(caller, fn),
    transaction,
    frozenNowMs: caller.frozenNowMs,
    depth: caller.depth + 1,
    userTime: caller.userTime,
    thread: caller.thread,
  });
}

/**
 * The request for a call into `componentPath`. Users are the app's affair: the identity stays in
 * the component that was given it.
 */
function requestFor(
  { request, fn }: Execution,
  { componentPath }: FunctionEntry,
): RequestContext {
  return request.identity === null || componentPath === fn.componentPath
    ? request
    : { ...request, identity: null, authToken: null };
}

function checkNestedCall(caller: Execution, { kind, entry }: NestedCall): void {
  if (caller.depth >= MAX_DEPTH) {
    throw new FunctionFailure(
      "Cross component call depth limit exceeded. Do you have an infinite loop in your app?",
    );
  }
  if (caller.fn.udfType === "Query" && kind !== "query") {
    throw new FunctionFailure(
      `Cannot call a ${NESTED_NAMES[kind]} function from a Query function`,
    );
  }
  checkType(entry, kind === "mutation" ? "Mutation" : "Query");
}
