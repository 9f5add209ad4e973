import {
  currentExecution,
  type ExecutionRuntime,
} from "./execution/execution.js";

type Log = (message: string) => void;

/** Log of each runtime that this process has open. */
const logs = new Map<ExecutionRuntime, Log>();

/**
 * Keeps the process alive when code pushed to this runtime leaves a promise unhandled that then
 * rejects, or throws where nothing can catch it: in a callback of Node's, as for an `error` event
 * without a listener. A running action for Node fails with it, as on Convex; else it is logged with
 * its function. An error of other code ends the process, as without this, unless somebody else
 * listens.
 *
 * @returns the function that ends this
 */
export function containStrayErrors(
  runtime: ExecutionRuntime,
  log: Log,
): () => void {
  if (logs.size === 0) {
    process.on("unhandledRejection", onRejection);
    process.on("uncaughtException", onException);
  }
  logs.set(runtime, log);
  return () => {
    logs.delete(runtime);
    if (logs.size > 0) return;
    process.off("unhandledRejection", onRejection);
    process.off("uncaughtException", onException);
  };
}

function onRejection(reason: unknown): void {
  if (contained("Unhandled promise rejection", reason)) return;
  if (process.listenerCount("unhandledRejection") === 1) throw reason;
}

function onException(error: unknown): void {
  if (contained("Uncaught exception", error)) return;
  if (process.listenerCount("uncaughtException") > 1) return;
  // Without this listener the process ends as it does for any error, with its text and status.
  process.off("uncaughtException", onException);
  setImmediate(() => {
    throw error;
  });
}

/** Whether the error was pushed code's. Node calls listeners in the failed code's own async context. */
function contained(what: string, error: unknown): boolean {
  const execution = currentExecution();
  const log = execution && logs.get(execution.runtime);
  if (execution === undefined || log === undefined) return false;
  if (!execution.finished && execution.crash !== null) {
    execution.crash(error);
    return true;
  }
  const { path, componentPath } = execution.fn;
  const where = componentPath === "" ? path : `${path} in ${componentPath}`;
  log(`${what} in ${where}: ${describe(error)}`);
  return true;
}

function describe(reason: unknown): string {
  try {
    return String(reason);
  } catch {
    return "a value that cannot be converted to a string";
  }
}
