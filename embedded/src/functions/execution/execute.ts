import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import { WARNING_RATIO } from "../../database/metrics.js";
import type { Transaction } from "../../database/transactions/transaction.js";
import { formatBytes } from "../../database/values/displayValue.js";
import { hasLoneSurrogate } from "../../database/values/surrogates.js";
import { measureValue } from "../../database/values/documentSize.js";
import {
  validateArgs,
  validateReturns,
} from "../../database/values/validators.js";
import { runAs, type Execution } from "./execution.js";
import { FunctionFailure, isFatal } from "../failure.js";
import type { FunctionEntry, InvocableFunction } from "../functionEntry.js";
import { describeThrown } from "../stackTrace.js";
import type { UdfType } from "../types.js";
import { chargeUserTime, startUserTime } from "./userTime.js";
import { textProblem } from "./valueLimits.js";
import { warn, MAX_VALUE_BYTES } from "./warnings.js";

/**
 * Runs a function to the JSON text of its result, with arguments and result validated.
 *
 * @throws FunctionFailure for every fault of the function; other errors are the deployment's own.
 */
export async function execute(
  execution: Execution,
  args: JSONValue,
): Promise<string> {
  let result = "";
  let failure: Error | undefined;
  try {
    result = await run(execution, args);
  } catch (error) {
    failure = await toFailure(execution, error);
  }
  warn(execution);
  execution.finish();
  startUserTime();
  // After a fatal failure nothing may commit, however user code handled it.
  failure = execution.fatal ?? failure;
  if (failure !== undefined) {
    throw failure;
  }
  return result;
}

/** Refuses to run a function as another type than its own. */
export function checkType(entry: FunctionEntry, udfType: UdfType): void {
  if (entry.udfType !== udfType) {
    throw new FunctionFailure(
      `Trying to execute ${entry.path} as ${udfType}, but it is defined as ${entry.udfType}.`,
    );
  }
}

async function run(execution: Execution, args: JSONValue): Promise<string> {
  const argsText = checkedArgs(execution, args);
  const loaded = execution.deployment.loadFunction(execution.fn);
  const invocable = loaded instanceof Promise ? await loaded : loaded;
  startUserTime();
  const running = runAs(execution, () =>
    invoke(invocable, execution, argsText),
  );
  const hasDeadline =
    execution.transaction !== null &&
    execution.depth === 0 &&
    execution.runtime.maxWaitMs !== Infinity;
  const result = await (hasDeadline
    ? withinDeadline(running, execution)
    : isForNode(execution)
      ? untilCrash(running, execution)
      : running);
  chargeUserTime(execution);
  execution.syscalls.finish();
  checkResult(execution, result);
  return result;
}

function isForNode({ deployment, fn }: Execution): boolean {
  const module = deployment.module(fn.componentPath, fn.modulePath);
  return module?.environment === "node";
}

/** Fails an action for Node when code of it throws in a callback that nobody awaits. */
function untilCrash<T>(running: Promise<T>, execution: Execution): Promise<T> {
  const crashed = new Promise<never>((_, reject) => {
    execution.crash = reject;
  });
  return Promise.race([running, crashed]);
}

/** Fails a query or mutation that waits too long without doing anything. */
function withinDeadline<T>(
  running: Promise<T>,
  execution: Execution,
): Promise<T> {
  const { fn, userTime } = execution;
  const { maxWaitMs } = execution.runtime;
  // Every mutation and query comes here, and each promise costs: `Promise.race` makes four more.
  return new Promise((resolve, reject) => {
    const look = () => {
      // It may have got on meanwhile, and only be long in getting the thread back.
      const leftMs = userTime.chargedAtMs + maxWaitMs - performance.now();
      if (leftMs > 1) {
        timer = setTimeout(look, leftMs);
        return;
      }
      const text = `Function ${fn.path} did not finish within ${maxWaitMs / 1_000}s: it waits for a promise that nothing resolves`;
      reject(new FunctionFailure(text));
    };
    let timer = setTimeout(look, maxWaitMs);
    execution.interrupt = (why) => {
      clearTimeout(timer);
      reject(why);
    };
    running.then(
      (result) => {
        clearTimeout(timer);
        resolve(result);
      },
      (error: Error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** Describes the error that an execution's code threw. */
export async function toFailure(
  execution: Execution,
  error: unknown,
): Promise<EmbeddedError> {
  if (error instanceof FunctionFailure) {
    return error;
  }
  if (error instanceof EmbeddedError && isFatal(error)) {
    return error;
  }
  const { deployment, fn } = execution;
  const { message, data } = await describeThrown(error, (modulePath) =>
    deployment.module(fn.componentPath, modulePath),
  );
  return new FunctionFailure(message, data, error);
}

function invoke(
  fn: InvocableFunction,
  execution: Execution,
  argsText: string,
): Promise<string> {
  switch (execution.fn.udfType) {
    case "Query":
      return fn.invokeQuery(argsText);
    case "Mutation":
      return fn.invokeMutation(argsText);
    case "Action":
      return fn.invokeAction(execution.request.requestId, argsText);
    default: {
      const unknown: never = execution.fn.udfType;
      throw new Error(`Unknown function type ${String(unknown)}`);
    }
  }
}

function checkedArgs(execution: Execution, args: JSONValue): string {
  const { fn } = execution;
  const text = JSON.stringify([args]);
  const problem = hasLoneSurrogate(text)
    ? "lone leading surrogate in hex escape"
    : textProblem(text);
  if (problem !== null) {
    throw new FunctionFailure(`Invalid arguments for ${fn.path}: ${problem}`);
  }
  const argsBytes = checkSize(fn, "arguments are", text, args);
  // The array around them counts too.
  execution.argsBytes = argsBytes === 0 ? 0 : argsBytes + 2;
  if (fn.args !== null) {
    withTransaction(execution, (tx) =>
      validateArgs(tx, fn.componentPath, fn.args, args),
    );
  }
  return text;
}

function checkResult(execution: Execution, text: string): void {
  const { fn } = execution;
  if (hasLoneSurrogate(text)) {
    throw new FunctionFailure(
      `Function ${fn.path} failed. Could not parse return value as json: lone leading surrogate in hex escape`,
    );
  }
  const problem = textProblem(text);
  if (problem !== null) {
    throw new FunctionFailure(
      `Function ${fn.path} return value invalid: ${problem}`,
    );
  }
  if (fn.returns === null && isFarFromLimit(text)) {
    return;
  }
  const value = JSON.parse(text) as JSONValue;
  execution.resultBytes = checkSize(fn, "return value is", text, value);
  if (fn.returns !== null) {
    withTransaction(execution, (tx) =>
      validateReturns(tx, fn.componentPath, fn.returns, value),
    );
  }
}

/**
 * Largest ratio of a value's size to its JSON. A number is nine bytes to Convex and may be two in
 * JSON, with its comma.
 */
const LARGEST_GROWTH = 5;

/** Whether a value with this JSON is too small to be warned of, let alone refused. */
function isFarFromLimit(text: string): boolean {
  return text.length < (MAX_VALUE_BYTES * WARNING_RATIO) / LARGEST_GROWTH;
}

/** Returns the size of a value, or 0 where it is far from the limit. */
function checkSize(
  fn: FunctionEntry,
  what: string,
  text: string,
  value: JSONValue,
): number {
  if (isFarFromLimit(text)) return 0;
  const bytes = measureValue(value);
  if (bytes > MAX_VALUE_BYTES) {
    throw new FunctionFailure(
      `Function ${fn.path} ${what} too large (actual: ${formatBytes(bytes)}, limit: ${formatBytes(MAX_VALUE_BYTES)})`,
    );
  }
  return bytes;
}

/**
 * Calls `use` with the transaction in which validators look up tables by id; for an action, with
 * the latest snapshot.
 */
function withTransaction(
  execution: Execution,
  use: (tx: Transaction) => void,
): void {
  if (execution.transaction !== null) {
    use(execution.transaction);
    return;
  }
  const tx = execution.runtime.database.read();
  try {
    use(tx);
  } finally {
    tx.release();
  }
}
