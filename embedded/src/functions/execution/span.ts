import type { TransactionMetricsReport } from "../../database/metrics.js";
import type { Conflict } from "../../database/commits/conflict.js";
import type { Transaction } from "../../database/transactions/transaction.js";
import type { JSONValue } from "convex/values";
import { execute } from "./execute.js";
import {
  Execution,
  type ExecutionRuntime,
  type RequestContext,
} from "./execution.js";
import { FunctionFailure } from "../failure.js";
import { displayName } from "../functionPath.js";
import type { FunctionEntry, FunctionSource } from "../functionEntry.js";
import { LogLines } from "./logLines.js";
import type { CompletionEvent, LostTry } from "../types.js";
import { CallThread } from "./turns.js";
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

  /** The code that it runs. */
  get deployment(): FunctionSource {
    return this.#deployment;
  }

  /** The name of its function among those of all components. */
  get name(): string {
    return displayName(this.#entry);
  }

  get hasBegun(): boolean {
    return this.#execution !== undefined;
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
    const execution = new Execution({
      runtime: this.#runtime,
      deployment: this.#deployment,
      fn: this.#entry,
      request: this.#request,
      transaction: tx,
      frozenNowMs: tx === null ? null : this.#runtime.clock.now(),
      depth: 0,
      userTime: { usedMs: 0, chargedAtMs: 0, startedAt: processorTime() },
      thread: this.#request.thread ?? new CallThread(),
    });
    execution.leave = this.#runtime.underWay.add(execution);
    return (this.#execution = execution);
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
    this.#emit({ ok: true, ...(commitTs === undefined ? {} : { commitTs }) });
  }

  /** Reports an HTTP action whose response was sent. */
  responded(httpStatus: number): void {
    this.#emit({ ok: true, httpStatus });
  }

  /** Reports a try that lost, which takes its logs with it. */
  lost(
    { component, table, documentId, writer }: Conflict,
    { lostTries, isLast }: { lostTries: number; isLast: boolean },
  ): void {
    const occ: LostTry = {
      componentPath: component,
      table,
      ...(documentId === undefined ? {} : { document: documentId }),
      writeSource: writer,
      retries: lostTries - 1,
    };
    this.#emit({
      ok: false,
      occ,
      ...(isLast ? { error: outOfTries(occ, this.name) } : {}),
    });
  }

  /** Reports the function's own failure; throws on a failure of the deployment. */
  failed(error: unknown): {
    json: "";
    logs: LogLines;
    failure: FunctionFailure;
  } {
    this.#emit({
      ok: false,
      error: error instanceof Error ? error.message : String(error),
    });
    if (!(error instanceof FunctionFailure)) {
      throw error;
    }
    return { json: "", logs: this.logs, failure: error };
  }

  #emit(
    outcome: Pick<
      CompletionEvent,
      "ok" | "error" | "occ" | "commitTs" | "httpStatus"
    >,
  ): void {
    if (!this.#runtime.hasListeners) {
      return;
    }
    this.#runtime.emit({
      componentPath: this.#entry.componentPath,
      path: this.#entry.path,
      udfType: this.#shownType,
      source: this.#request.source,
      requestId: this.#request.requestId,
      startedAtMs: this.#startedAtMs,
      durationMs: performance.now() - this.#started,
      ...(this.#metrics === undefined ? {} : { metrics: this.#metrics }),
      logLines: this.logs.lines,
      ...outcome,
    });
  }
}

/** Convex's text for a mutation that it gives up, with what happens here instead. */
function outOfTries(
  { table, document, writeSource }: LostTry,
  name: string,
): string {
  const who =
    writeSource === name
      ? "Another call to this mutation"
      : `A call to "${writeSource}"`;
  const changed =
    document === undefined
      ? ""
      : ` ${who} changed the document with ID "${document}".`;
  return (
    `Documents read from or written to the "${table}" table changed while this mutation was being ` +
    `run and on every subsequent retry.${changed} See https://docs.convex.dev/error#1. Convex gives ` +
    "up here; this deployment runs the mutation once more, alone."
  );
}
