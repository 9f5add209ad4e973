import {
  DEFAULT_LIMITS,
  READ_LESS,
  WARNING_RATIO,
  type MetricName,
  type TransactionMetrics,
} from "../../database/metrics.js";
import {
  MAX_DOCUMENT_BYTES,
  MAX_DOCUMENT_NESTING,
  type Measure,
} from "../../database/values/documentSize.js";
import type { Execution } from "./execution.js";

/** Limit for a function's arguments, and for its result. */
export const MAX_VALUE_BYTES = 16 << 20;

/** Convex's own limit for the response of an HTTP action. */
export const MAX_RESPONSE_BYTES = 20 << 20;

/** Beyond this, the arguments of one scheduled function are warned of, also where it is exceeded. */
const MAX_SCHEDULED_ARGS_BYTES = 4 << 20;

/**
 * Adds Convex's warnings to the log lines of a function that ended: that it came near to a limit
 * and, for an action, that it left operations behind. In Convex's words, which people search for.
 */
export function warn(execution: Execution): void {
  const { transaction } = execution;
  if (transaction === null) {
    warnOfAction(execution);
    return;
  }
  const { argsBytes, resultBytes } = execution;
  const ofArgs = "Large size of the function arguments";
  warnOf(execution, ofArgs, argsBytes, MAX_VALUE_BYTES);
  warnOfUse(execution, transaction.metrics);
  const ofResult = "Large size of the function return value";
  warnOf(execution, ofResult, resultBytes, MAX_VALUE_BYTES);
  // Nested calls count on the clock of the outermost one.
  if (execution.depth === 0) warnOfTime(execution);
}

/** Adds the warnings of an HTTP action whose response was sent. */
export function warnOfResponse(execution: Execution, sentBytes: number): void {
  const message = "Large response returned from an HTTP action";
  warnOf(execution, message, sentBytes, MAX_RESPONSE_BYTES);
  warnOfPending(execution);
}

function warnOfAction(execution: Execution): void {
  const { deployment, fn, argsBytes, resultBytes } = execution;
  const ofArgs = "Large size of the action arguments";
  warnOf(execution, ofArgs, argsBytes, MAX_VALUE_BYTES);
  const module = deployment.module(fn.componentPath, fn.modulePath);
  // In Node, nobody counts them on Convex either.
  if (module?.environment !== "node") warnOfPending(execution);
  const ofResult = "Large size of the action return value";
  warnOf(execution, ofResult, resultBytes, MAX_VALUE_BYTES);
}

function warnOfPending({ pending, logs }: Execution): void {
  const count = [...pending.values()].reduce((sum, one) => sum + one, 0);
  if (count === 0) return;
  const names = [...pending.keys()].sort().join(", ");
  logs.warn(
    `${count} unawaited operation${count === 1 ? "" : "s"}: [${names}]. Async operations should be awaited or they might not run. ` +
      "See https://docs.convex.dev/functions/actions#dangling-promises for more information.",
  );
}

/** What a transaction uses, in the order of Convex's warnings. */
const USES: readonly (readonly [MetricName, string, string, string])[] = [
  use("documentsRead", "Many documents read", { isRead: true }),
  use("databaseQueries", "Many reads", { isRead: true }),
  use("bytesRead", "Many bytes read", { isRead: true, unit: " bytes" }),
  use("documentsWritten", "Many writes"),
  use("bytesWritten", "Many bytes written", { unit: " bytes" }),
  ["functionsScheduled", "Many functions scheduled by this mutation", "", ""],
  [
    "scheduledFunctionArgsBytes",
    "Large total size of the arguments of scheduled functions from this mutation",
    " bytes",
    "",
  ],
];

function use(
  name: MetricName,
  what: string,
  { unit = "", isRead = false }: { unit?: string; isRead?: boolean } = {},
) {
  const text = `${what} in a single function execution`;
  return [name, text, unit, isRead ? ` ${READ_LESS}` : ""] as const;
}

function warnOfUse(execution: Execution, metrics: TransactionMetrics): void {
  for (const [name, message, unit, help] of USES) {
    const limit = DEFAULT_LIMITS[name];
    warnOf(execution, message, metrics.used[name], limit, unit, help);
  }
  const { largestArgsBytes, largeDocuments } = metrics;
  if (largestArgsBytes > MAX_SCHEDULED_ARGS_BYTES * WARNING_RATIO) {
    const isOver = largestArgsBytes > MAX_SCHEDULED_ARGS_BYTES;
    const fate = isOver ? ". This will become a hard error in the future" : "";
    execution.logs.warn(
      `Large arguments for a single scheduled function from this mutation${fate}` +
        ` (actual: ${largestArgsBytes} bytes, limit: ${MAX_SCHEDULED_ARGS_BYTES} bytes).`,
    );
  }
  warnOfLargest(execution, largeDocuments, "size");
  warnOfLargest(execution, largeDocuments, "nesting");
}

function warnOfLargest(
  execution: Execution,
  documents: ReadonlyMap<string, Measure>,
  by: keyof Measure,
): void {
  if (documents.size === 0) return;
  const [largest] = [...documents].sort(([, a], [, b]) => b[by] - a[by]);
  if (largest === undefined) return;
  const [id, measure] = largest;
  if (by === "size") {
    const message = `Large document written with ID "${id}"`;
    warnOf(execution, message, measure.size, MAX_DOCUMENT_BYTES);
  } else {
    const message = `Deeply nested document written with ID "${id}"`;
    const limit = MAX_DOCUMENT_NESTING;
    warnOf(execution, message, measure.nesting, limit, " levels");
  }
}

function warnOf(
  { logs }: Execution,
  message: string,
  actual: number,
  limit: number,
  unit = " bytes",
  help = "",
): void {
  const isNear = actual > Math.floor(limit * WARNING_RATIO) && actual <= limit;
  if (!isNear) return;
  logs.warn(
    `${message} (actual: ${actual}${unit}, limit: ${limit}${unit}).${help}`,
  );
}

function warnOfTime({ userTime, runtime, logs }: Execution): void {
  const limitMs = runtime.maxUserTimeMs;
  const { usedMs } = userTime;
  if (usedMs <= limitMs * WARNING_RATIO || usedMs > limitMs) return;
  logs.warn(
    `Function execution took a long time. (maximum duration: ${duration(limitMs)}, actual duration: ${duration(usedMs)}).`,
  );
}

/** A duration as Convex shows it: in seconds from one second on, else in milliseconds. */
function duration(ms: number): string {
  const nanoseconds = Math.round(ms * 1_000_000);
  const [unit, digits] = nanoseconds < 1e9 ? ["ms", 6] : ["s", 9];
  return `${Number((nanoseconds / 10 ** digits).toFixed(digits))}${unit}`;
}
