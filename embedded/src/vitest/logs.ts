import { displayName } from "../functions/functionPath.js";
import type { CompletionEvent } from "../functions/types.js";

/** One execution of a function that ended. */
export interface FunctionLog {
  /** `module:function`, with the path of its component before it; of an HTTP action its route. */
  readonly function: string;
  /** What kind of function it was. */
  readonly type: "query" | "mutation" | "action" | "httpAction";
  /** Who called: a client or the test, the scheduler, a cron, or an action. */
  readonly by: CompletionEvent["source"];
  /** When it began, by the deployment's clock. */
  readonly at: number;
  /** What it logged, as `convex logs` shows it: `[LOG] 'text'`. */
  readonly lines: readonly string[];
  /** What it threw; undefined after a success. */
  readonly error: string | undefined;
}

const TYPES: Record<CompletionEvent["udfType"], FunctionLog["type"]> = {
  Query: "query",
  Mutation: "mutation",
  Action: "action",
  HttpAction: "httpAction",
};

export function toLog(event: CompletionEvent): FunctionLog {
  return {
    function: displayName(event),
    type: TYPES[event.udfType],
    by: event.source,
    at: event.startedAtMs,
    lines: event.logLines,
    error: event.error,
  };
}
