import { currentExecution } from "./execution.js";

/**
 * Keeps the process alive when pushed code leaves a promise unhandled that then
 * rejects; the rejection is logged with its function. Others go on as without
 * this: the process ends, unless somebody else listens.
 *
 * @returns how to stop.
 */
export function containFloatingRejections(
  log: (message: string) => void,
): () => void {
  const onRejection = (reason: unknown) => {
    // Node calls this in the rejected promise's own async context.
    const execution = currentExecution();
    if (execution !== undefined) {
      const { path, componentPath } = execution.fn;
      const where = componentPath === "" ? path : `${path} in ${componentPath}`;
      log(`Unhandled promise rejection in ${where}: ${describe(reason)}`);
    } else if (process.listenerCount("unhandledRejection") === 1) {
      throw reason;
    }
  };
  process.on("unhandledRejection", onRejection);
  return () => process.off("unhandledRejection", onRejection);
}

function describe(reason: unknown): string {
  try {
    return String(reason);
  } catch {
    return "a value that cannot be converted to a string";
  }
}
