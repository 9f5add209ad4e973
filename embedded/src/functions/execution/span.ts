import type { TransactionMetricsReport } from "../../database/metrics.js";
import type { Transaction } from "../../database/transactions/transaction.js";
import type { JSONValue } from "convex/values";
import { execute } from "./execute.js";
import {
  Execution,
  type ExecutionRuntime,
  type RequestContext,
} from "./execution.js";
import { FunctionFailure } from "../failure.js";
import type { FunctionEntry, FunctionSource } from "../functionEntry.js";
import { LogLines } from "./logLines.js";
import type { CompletionEvent } from "../types.js";
import { processorTime } from "./userTime.js";

/** One execution that is its own transaction or action, from start to its completion event. */
export class Span {
  readonly #runtime: ExecutionRuntime;
  readonly #entry: FunctionEntry;
  readonly #deployment: FunctionSource;
  readonly #request: RequestContext;
  readonly #shownType: CompletionEvent["udfType"];
  readonly #startedAtMs: number;
  readonly #started = performance.now();
  #execution: Execution | undefined;
  #metrics: TransactionMetricsReport | undefined;

  constructor(
    runtime: ExecutionRuntime,
    entry: FunctionEntry,
    context: {
      deployment: FunctionSource;
      request: RequestContext;
      /** Whether it is an HTTP action, which is an action in every other respect. */
      isHttpAction?: boolean;
    },
  ) {
    this.#runtime = runtime;
    this.#entry = entry;
    this.#deployment = context.deployment;
    this.#request = context.request;
    this.#shownType = context.isHttpAction ? "HttpAction" : entry.udfType;
    this.#startedAtMs = runtime.clock.now();
  }

  get logs(): LogLines {
    return this.#execution?.logs ?? new LogLines();
  }

  /** Where the query's page ended, if it read one. */
  get journal(): string | null {
    return this.#execution?.journal ?? null;
  }

  /** @param tx - null for an action. */
  begin(tx: Transaction | null): Execution {
    return (this.#execution = new Execution({
      runtime: this.#runtime,
      deployment: this.#deployment,
      fn: this.#entry,
      request: this.#request,
      transaction: tx,
      frozenNowMs: tx === null ? null : this.#runtime.clock.now(),
      depth: 0,
      userTime: { usedMs: 0, startedAt: processorTime() },
    }));
  }

  /** @param tx - null for an action. */
  async execute(
    tx: Transaction | null,
    args: JSONValue,
    journal: string | null = null,
  ): Promise<string> {
    const execution = this.begin(tx);
    execution.journal = journal;
    try {
      return await execute(execution, args);
    } finally {
      // The transaction is closed by the time the event is made.
      if (this.#runtime.hasListeners) {
        this.#metrics = tx?.metrics.report();
      }
    }
  }

  succeeded(commitTs?: bigint): void {
    this.#emit(undefined, commitTs);
  }

  /** Reports the function's own failure; throws on a failure of the deployment. */
  failed(error: unknown): {
    json: "";
    logs: LogLines;
    failure: FunctionFailure;
  } {
    this.#emit(error instanceof Error ? error.message : String(error));
    if (!(error instanceof FunctionFailure)) {
      throw error;
    }
    return { json: "", logs: this.logs, failure: error };
  }

  #emit(error: string | undefined, commitTs?: bigint): void {
    if (!this.#runtime.hasListeners) {
      return;
    }
    this.#runtime.emit({
      componentPath: this.#entry.componentPath,
      path: this.#entry.path,
      udfType: this.#shownType,
      source: this.#request.source,
      requestId: this.#request.requestId,
      ok: error === undefined,
      ...(error === undefined ? {} : { error }),
      startedAtMs: this.#startedAtMs,
      durationMs: performance.now() - this.#started,
      ...(this.#metrics === undefined ? {} : { metrics: this.#metrics }),
      ...(commitTs === undefined ? {} : { commitTs }),
      logLines: this.logs.lines,
    });
  }
}
