import type { JSONValue } from "convex/values";
import type { Clock } from "../clock.js";
import { MAX_LOST_RUNS, type Database } from "../database/database.js";
import { withCommitTs } from "../database/transactions/commitTs.js";
import type { Conflict } from "../database/commits/conflict.js";
import type { Transaction } from "../database/transactions/transaction.js";
import type { StoredFiles } from "../files/storedFiles.js";
import { ConflictCounts } from "./conflicts.js";
import { Deployment, type LoaderOf } from "./deployment.js";
import { checkType } from "./execution/execute.js";
import type {
  Ended,
  Execution,
  ExecutionRuntime,
  RequestContext,
} from "./execution/execution.js";
import { FunctionFailure } from "./failure.js";
import {
  missingFunction,
  type FunctionEntry,
  type FunctionSource,
} from "./functionEntry.js";
import { displayName } from "./functionPath.js";
import { LogLines } from "./execution/logLines.js";
import {
  argsObject,
  findRequested,
  newRequestId,
  toOutcome,
} from "./requests.js";
import { Realm } from "./realm/realm.js";
import { Span } from "./execution/span.js";
import type {
  Asked,
  CompletionEvent,
  DeployedCode,
  SharedOutcome,
  UdfOutcome,
  UdfRequest,
  UdfType,
} from "./types.js";

export interface RuntimeOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly files: StoredFiles;
  /** Name of the deployment. @default "embedded" */
  readonly deploymentName?: string;
  /** Limit for the user time of a query or mutation. @default 1000 */
  readonly maxUserTimeMs?: number;
  /**
   * How long a query or mutation may wait without progress before it fails; may be Infinity.
   * @default 15000
   */
  readonly maxWaitMs?: number;
  /**
   * Makes the module loaders; one with modules other than the pushed ones also gives them a
   * `Convex` global. @default a realm
   */
  readonly loaderOf?: LoaderOf;
}

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

/** The data at one time, and the code that was deployed then. */
export interface RuntimeSnapshot {
  readonly data: Transaction;
  readonly deployment: Deployment;
}

interface RunContext {
  readonly deployment: FunctionSource;
  readonly request: RequestContext;
  readonly hooks?: MutationHooks;
  /** Data that a query reads; its owner releases it. @default the latest */
  readonly data?: Transaction;
  /** Journal of an earlier run of the same query. */
  readonly journal?: string | null;
  /** Whether the caller waits until everything is on disk. @default the runtime does */
  readonly callerWaits?: boolean;
}

type RunExtras = Partial<Pick<RunContext, "hooks" | "data" | "callerWaits">> & {
  deployment?: Deployment;
  asked?: Asked;
};

/** Runs the functions of the deployed code against the database. */
export class Runtime implements ExecutionRuntime {
  readonly database: Database;
  readonly clock: Clock;
  readonly files: StoredFiles;
  readonly deploymentName: string;
  readonly maxUserTimeMs: number;
  readonly maxWaitMs: number;
  /** Conflicts of mutations since the start. */
  readonly conflicts = new ConflictCounts();
  readonly underWay = new Set<Execution>();
  readonly #loaderOf: LoaderOf;
  #deployment: Deployment;
  readonly #listeners = new Set<(event: CompletionEvent) => void>();
  readonly #codeListeners = new Set<() => void>();

  constructor(options: RuntimeOptions) {
    this.database = options.database;
    this.clock = options.clock;
    this.files = options.files;
    this.deploymentName = options.deploymentName ?? "embedded";
    this.maxUserTimeMs = options.maxUserTimeMs ?? 1_000;
    this.maxWaitMs = options.maxWaitMs ?? 15_000;
    this.#loaderOf =
      options.loaderOf ?? ((_, modules, given) => new Realm(modules, given));
    this.#deployment = new Deployment(
      { components: new Map(), definitions: new Map() },
      0,
      this.#loaderOf,
    );
  }

  /** Replaces the code; functions under way finish with the code they started with. */
  load(code: DeployedCode): void {
    this.prepare(code)();
  }

  /** Does everything of {@link load} that can fail; calling the result does the rest. */
  prepare(code: DeployedCode): () => void {
    const next = new Deployment(
      code,
      this.clock.now(),
      this.#loaderOf,
      this.#deployment,
    );
    return () => {
      this.#deployment = next;
      for (const listener of this.#codeListeners) listener();
    };
  }

  /** Calls `listener` when code or environment variables change, in the moment of the commit. */
  onCodeChange(listener: () => void): () => void {
    this.#codeListeners.add(listener);
    return () => this.#codeListeners.delete(listener);
  }

  get deployment(): Deployment {
    return this.#deployment;
  }

  /** The latest data and code; the caller releases the data. */
  snapshot(): RuntimeSnapshot {
    return { data: this.database.read(), deployment: this.#deployment };
  }

  /** Calls `listener` for every execution that ended; listeners must not throw. */
  onCompletion(listener: (event: CompletionEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Runs a query on a view of the snapshot, which stays the caller's to release. */
  async runQueryAt(
    request: UdfRequest,
    { data, deployment }: RuntimeSnapshot,
  ): Promise<UdfOutcome> {
    const view = data.snapshotView();
    try {
      return await this.run(request, "Query", { data: view, deployment });
    } finally {
      view.release();
    }
  }

  /**
   * Runs a query on a view of the snapshot, for anyone who asks the same. Nobody may be shown the
   * outcome before the snapshot is on disk, for which this does not wait.
   */
  async runSharedQuery(
    request: UdfRequest,
    { data, deployment }: RuntimeSnapshot,
  ): Promise<SharedOutcome> {
    const view = data.snapshotView();
    const asked = { identity: false, time: false };
    try {
      const { ended, requestId } = await this.#runRequest(request, "Query", {
        data: view,
        deployment,
        asked,
        callerWaits: true,
      });
      return { outcome: toOutcome(ended, requestId), asked };
    } finally {
      view.release();
    }
  }

  runMutation(request: UdfRequest, hooks?: MutationHooks): Promise<UdfOutcome> {
    return this.run(request, "Mutation", hooks === undefined ? {} : { hooks });
  }

  runAction(request: UdfRequest): Promise<UdfOutcome> {
    return this.run(request, "Action");
  }

  /**
   * Runs a function for a request.
   * @param udfType - undefined runs the function as whatever type it is.
   */
  async run(
    request: UdfRequest,
    udfType?: UdfType,
    extras: RunExtras = {},
  ): Promise<UdfOutcome> {
    const { ended, requestId } = await this.#runRequest(
      request,
      udfType,
      extras,
    );
    return toOutcome(ended, requestId);
  }

  async #runRequest(
    request: UdfRequest,
    udfType: UdfType | undefined,
    { asked, deployment = this.#deployment, ...extras }: RunExtras,
  ): Promise<{ ended: Ended; requestId: string }> {
    const context: RequestContext = {
      requestId: request.requestId ?? newRequestId(),
      source: "client",
      identity:
        request.componentPath === "" ? (request.identity ?? null) : null,
      authToken:
        request.componentPath === "" ? (request.authToken ?? null) : null,
      ip: request.ip ?? null,
      userAgent: request.userAgent ?? null,
      job: null,
      ...(asked === undefined ? {} : { asked }),
    };
    const { requestId } = context;
    try {
      const entry = findRequested(deployment, request);
      if (udfType !== undefined) {
        checkType(entry, udfType);
      }
      if (request.invalidArgs !== undefined) {
        throw new FunctionFailure(
          `Invalid arguments for ${entry.path}: ${request.invalidArgs}`,
        );
      }
      const ended = await this.runEntry(entry, argsObject(request.args), {
        ...extras,
        deployment,
        request: context,
        journal: request.journal ?? null,
      });
      return { ended, requestId };
    } catch (error) {
      if (!(error instanceof FunctionFailure)) {
        throw error;
      }
      const ended = { json: "", logs: new LogLines(), failure: error };
      return { ended, requestId };
    }
  }

  /** Runs a function that was already looked up; its failure is part of the result. */
  async runEntry(
    entry: FunctionEntry,
    args: JSONValue,
    context: RunContext,
  ): Promise<Ended> {
    const ended = await this.#runByType(entry, args, context);
    // A failure waits too: its text may tell of data that the function read.
    if (context.callerWaits !== true) await ended.durable;
    return ended;
  }

  #runByType(
    entry: FunctionEntry,
    args: JSONValue,
    context: RunContext,
  ): Promise<Ended> {
    switch (entry.udfType) {
      case "Query":
        return this.#query(entry, args, context);
      case "Mutation":
        return this.runMutationEntry(entry, args, context);
      case "Action":
        return this.#action(entry, args, context);
      default: {
        const unknown: never = entry.udfType;
        throw new Error(`Unknown function type ${String(unknown)}`);
      }
    }
  }

  /** Runs a mutation to its commit, which may not be on disk yet. */
  async runMutationEntry(
    entry: FunctionEntry,
    args: JSONValue,
    context: RunContext,
  ): Promise<Ended> {
    // Compiling takes a while, and no other mutation should wait for it.
    await context.deployment.loadFunction(entry).catch(() => {
      // The same error comes back when the function runs, with its place in the request.
    });
    let span = new Span(this, entry, context);
    try {
      const outcome = await this.database.mutate<string>({
        writer: displayName(entry),
        run: async (tx) => {
          if (context.hooks?.begin?.(tx) === false) throw new Skipped();
          span = this.#spanOfTry(span, entry, context);
          const { deployment } = span;
          const json = await span.execute(tx, args);
          return {
            isCurrent: () => this.#deployment === deployment,
            seal: (ts) => this.#seal(tx, withCommitTs(json, ts), span, context),
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
      const { latestTs } = this.database;
      const durable = this.database.whenDurable(latestTs);
      return { ...span.failed(error), durable };
    }
  }

  /** The span of a try: with a seed and time of its own, and the code that is deployed now. */
  #spanOfTry(before: Span, entry: FunctionEntry, context: RunContext): Span {
    if (this.#deployment !== context.deployment) {
      return this.#spanOfCurrentCode(entry, context);
    }
    return before.hasBegun ? new Span(this, entry, context) : before;
  }

  #seal(
    tx: Transaction,
    json: string,
    { logs }: Span,
    { hooks }: RunContext,
  ): string {
    hooks?.beforeCommit?.(tx, {
      value: JSON.parse(json) as JSONValue,
      logLines: logs.lines,
    });
    return json;
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

  /**
   * A span with the current code. When a push commits before the mutation does, the tables are the
   * new code's.
   */
  #spanOfCurrentCode(entry: FunctionEntry, context: RunContext): Span {
    const deployment = this.#deployment;
    const current = deployment.find(entry.componentPath, entry.path);
    if (current === undefined || (entry.isPublic && !current.isPublic)) {
      throw new FunctionFailure(
        missingFunction(entry.path, entry.componentPath),
      );
    }
    checkType(current, "Mutation");
    return new Span(this, current, { ...context, deployment });
  }

  async #query(
    entry: FunctionEntry,
    args: JSONValue,
    context: RunContext,
  ): Promise<Ended> {
    const span = new Span(this, entry, context);
    const tx = context.data ?? this.database.read();
    const durable = this.database.whenDurable(tx.ts);
    const read = { ts: tx.ts, readSet: tx.readSet, durable };
    try {
      const json = await span.execute(tx, args, context.journal);
      span.succeeded();
      return { json, logs: span.logs, journal: span.journal, ...read };
    } catch (error) {
      return { ...span.failed(error), ...read };
    } finally {
      if (context.data === undefined) {
        tx.release();
      }
    }
  }

  async #action(
    entry: FunctionEntry,
    args: JSONValue,
    context: RunContext,
  ): Promise<Ended> {
    const span = new Span(this, entry, context);
    try {
      const json = await span.execute(null, args);
      span.succeeded();
      return { json, logs: span.logs };
    } catch (error) {
      return span.failed(error);
    }
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  emit(event: CompletionEvent): void {
    for (const listener of this.#listeners) {
      listener(event);
    }
  }
}

/** Thrown to end a transaction without a commit after its hook said not to run. */
class Skipped extends Error {}
