import type { JSONValue } from "convex/values";
import type { Conflict } from "../database/commits/conflict.js";
import { MAX_LOST_RUNS } from "../database/database.js";
import { withCommitTs } from "../database/transactions/commitTs.js";
import type { Transaction } from "../database/transactions/transaction.js";
import { ConflictCounts } from "./conflicts.js";
import type { Deployment } from "./deployment.js";
import { checkType } from "./execution/execute.js";
import type {
  Ended,
  ExecutionRuntime,
  RequestContext,
} from "./execution/execution.js";
import { LogLines } from "./execution/logLines.js";
import { Span } from "./execution/span.js";
import { FunctionFailure } from "./failure.js";
import {
  missingFunction,
  type FunctionEntry,
  type FunctionSource,
} from "./functionEntry.js";
import { displayName } from "./functionPath.js";

/** Additional steps in a mutation's transaction. */
export interface MutationHooks {
  /** Runs before each try; `false` leaves the function alone and commits nothing. */
  begin?(tx: Transaction): boolean;
  /** Runs after the function succeeded, in the same commit, which may still not come about. */
  beforeCommit?(
    tx: Transaction,
    result: { value: JSONValue; logLines: readonly string[] },
  ): void;
  /** Hears of the commit before anybody else does; a transaction that wrote nothing has none. */
  committed?(): void;
}

/** What a mutation runs for, and with which code unless other code is deployed before it commits. */
export interface MutationContext {
  readonly deployment: FunctionSource;
  readonly request: RequestContext;
  readonly hooks?: MutationHooks;
}

/** Runs mutations to their commit: each try with a seed, a time and the code of its own. */
export class Mutations {
  /** Conflicts since the start. */
  readonly conflicts = new ConflictCounts();
  readonly #runtime: ExecutionRuntime & { readonly deployment: Deployment };

  constructor(runtime: ExecutionRuntime & { readonly deployment: Deployment }) {
    this.#runtime = runtime;
  }

  /** Runs a mutation to its commit, which may not be on disk yet. */
  async run(
    entry: FunctionEntry,
    args: JSONValue,
    context: MutationContext,
  ): Promise<Ended> {
    // Compiling takes a while, and no other mutation should wait for it.
    const loading = context.deployment.loadFunction(entry);
    if (loading instanceof Promise) {
      await loading.catch(() => {
        // The same error comes back when the function runs, with its place in the request.
      });
    }
    const { database } = this.#runtime;
    let span = new Span(this.#runtime, entry, context);
    try {
      const outcome = await database.mutate<string>({
        writer: displayName(entry),
        run: async (tx) => {
          if (context.hooks?.begin?.(tx) === false) throw new Skipped();
          span = this.#spanOfTry(span, entry, context);
          const { deployment } = span;
          const json = await span.execute(tx, args);
          return {
            isCurrent: () => this.#runtime.deployment === deployment,
            seal: (ts) => seal(tx, withCommitTs(json, ts), span, context),
            committed: () => context.hooks?.committed?.(),
          };
        },
        lost: (conflict, lostTries) => this.#lost(span, conflict, lostTries),
      });
      const { ts, durable, value: json } = outcome;
      span.succeeded(ts);
      return { json, logs: span.logs, ts, durable };
    } catch (error) {
      if (error instanceof Skipped) {
        return { json: "", logs: new LogLines(), skipped: true };
      }
      const durable = database.whenDurable(database.latestTs);
      return { ...span.failed(error), durable };
    }
  }

  #spanOfTry(
    before: Span,
    entry: FunctionEntry,
    context: MutationContext,
  ): Span {
    if (this.#runtime.deployment !== context.deployment) {
      return this.#spanOfCurrentCode(entry, context);
    }
    return before.hasBegun ? new Span(this.#runtime, entry, context) : before;
  }

  /**
   * A span with the current code. When a push commits before the mutation does, the tables are the
   * new code's.
   */
  #spanOfCurrentCode(entry: FunctionEntry, context: MutationContext): Span {
    const { deployment } = this.#runtime;
    const current = deployment.find(entry.componentPath, entry.path);
    if (current === undefined || (entry.isPublic && !current.isPublic)) {
      throw new FunctionFailure(
        missingFunction(entry.path, entry.componentPath),
      );
    }
    checkType(current, "Mutation");
    return new Span(this.#runtime, current, { ...context, deployment });
  }

  /** Counts a try that lost, and tells of it. */
  #lost(span: Span, conflict: Conflict, lostTries: number): void {
    const { component, table, writer } = conflict;
    const isLast = lostTries === MAX_LOST_RUNS;
    this.conflicts.add({
      loser: span.name,
      winner: writer,
      table: component === "" ? table : `${component}/${table}`,
      isOutOfTries: isLast,
    });
    span.lost(conflict, { lostTries, isLast });
  }
}

/** Thrown to end a transaction without a commit after its hook said not to run. */
class Skipped extends Error {}

function seal(
  tx: Transaction,
  json: string,
  { logs }: Span,
  { hooks }: MutationContext,
): string {
  hooks?.beforeCommit?.(tx, {
    value: JSON.parse(json) as JSONValue,
    logLines: logs.lines,
  });
  return json;
}
