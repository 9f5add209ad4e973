import {
  currentExecution,
  type ExecutionRuntime,
} from "./execution/execution.js";

type Log = (message: string) => void;

/** Log of each runtime that this process has open. */
const logs = new Map<ExecutionRuntime, Log>();

/**
 * Keeps the process alive when code pushed to this runtime leaves a promise unhandled that then
 * rejects; the rejection is logged with its function. A rejection of other code ends the process,
 * as without this, unless somebody else listens.
 *
 * @returns the function that ends this
 */
export function containFloatingRejections(
  runtime: ExecutionRuntime,
  log: Log,
): () => void {
  if (logs.size === 0) process.on("unhandledRejection", onRejection);
  logs.set(runtime, log);
  return () => {
    logs.delete(runtime);
    if (logs.size === 0) process.off("unhandledRejection", onRejection);
  };
}

function onRejection(reason: unknown): void {
  // Node calls this in the rejected promise's own async context.
  const execution = currentExecution();
  const log = execution && logs.get(execution.runtime);
  if (log !== undefined) {
    const { path, componentPath } = execution!.fn;
    const where = componentPath === "" ? path : `${path} in ${componentPath}`;
    log(`Unhandled promise rejection in ${where}: ${describe(reason)}`);
  } else if (process.listenerCount("unhandledRejection") === 1) {
    throw reason;
  }
}

function describe(reason: unknown): string {
  try {
    return String(reason);
  } catch {
    return "a value that cannot be converted to a string";
  }
}
