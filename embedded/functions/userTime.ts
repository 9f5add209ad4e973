import type { Execution } from "./execution.js";
import { FunctionFailure } from "./failure.js";

/**
 * Queries and mutations run between two marks without giving up the thread, so
 * the time since the last mark belongs to the code that reaches the next one.
 */
let markMs = 0;

/** Engine work ends here; what follows is user code. */
export function startUserTime(): void {
  markMs = performance.now();
}

/** Charges the time since the last mark; throws once a transaction is over its limit. */
export function chargeUserTime(execution: Execution): void {
  const limitMs = execution.runtime.maxUserTimeMs;
  execution.userTime.usedMs += performance.now() - markMs;
  if (execution.transaction !== null && execution.userTime.usedMs > limitMs) {
    throw new FunctionFailure(
      `Function execution timed out (maximum duration: ${limitMs / 1_000}s)`,
    );
  }
}
