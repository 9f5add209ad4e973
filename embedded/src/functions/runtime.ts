import type { JSONValue } from "convex/values";
import type { Clock } from "../clock.js";
import type { Database } from "../database/database.js";
import type { Transaction } from "../database/transactions/transaction.js";
import type { StoredFiles } from "../files/storedFiles.js";
import type { ConflictCounts } from "./conflicts.js";
import { Deployment, type LoaderOf } from "./deployment.js";
import { checkType } from "./execution/execute.js";
import type {
  Ended,
  Execution,
  ExecutionRuntime,
  RequestContext,
} from "./execution/execution.js";
import { FunctionFailure } from "./failure.js";
import type { FunctionEntry } from "./functionEntry.js";
import { LogLines } from "./execution/logLines.js";
import {
  Mutations,
  type MutationContext,
  type MutationHooks,
} from "./mutations.js";
import {
  argsObject,
  findRequested,
  newRequestId,
  toOutcome,
} from "./requests.js";
import { Realm } from "./realm/realm.js";
import { Span } from "./execution/span.js";
import type { Thread } from "./execution/turns.js";
import { UnderWay } from "./execution/underWay.js";
import type {
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

/** The data at one time, and the code that was deployed then. */
export interface RuntimeSnapshot {
  readonly data: Transaction;
  readonly deployment: Deployment;
}

interface RunContext extends MutationContext {
  /** Data that a query reads; its owner releases it. @default the latest */
  readonly data?: Transaction;
  /** Journal of an earlier run of the same query. */
  readonly journal?: string | null;
  /** Whether the caller waits until everything is on disk. @default the runtime does */
  readonly callerWaits?: boolean;
}

type RunExtras = Partial<Pick<RunContext, "hooks" | "data" | "callerWaits">> & {
  deployment?: Deployment;
  /** Shared by all who ask the same. */
  shared?: Pick<RequestContext, "asked" | "thread">;
};

/** Runs the functions of the deployed code against the database. */
export class Runtime implements ExecutionRuntime {
  readonly database: Database;
  readonly clock: Clock;
  readonly files: StoredFiles;
  readonly deploymentName: string;
  readonly maxUserTimeMs: number;
  readonly maxWaitMs: number;
  readonly underWay = new UnderWay<Execution>();
  readonly #mutations = new Mutations(this);
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

  /** Conflicts of mutations since the start. */
  get conflicts(): ConflictCounts {
    return this.#mutations.conflicts;
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
   *
   * @param thread - as it is lent to such queries
   */
  async runSharedQuery(
    request: UdfRequest,
    { data, deployment }: RuntimeSnapshot,
    thread: Thread,
  ): Promise<SharedOutcome> {
    const view = data.snapshotView();
    const asked = { identity: false, time: false };
    try {
      const { ended, requestId } = await this.#runRequest(request, "Query", {
        data: view,
        deployment,
        shared: { asked, thread },
        callerWaits: true,
      });
      return { outcome: toOutcome(ended, requestId), asked };
    } finally {
      view.release();
    }
  }

  /** Ends the shared queries under way wherever they are, for nobody waits for them any more. */
  endSharedQueries(): void {
    for (const { request, fn, interrupt } of this.underWay) {
      if (request.asked === undefined) continue;
      interrupt?.(
        new FunctionFailure(
          `Function ${fn.path} was ended: nobody waits for it`,
        ),
      );
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
    { shared, deployment = this.#deployment, ...extras }: RunExtras,
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
      ...shared,
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
  runMutationEntry(
    entry: FunctionEntry,
    args: JSONValue,
    context: MutationContext,
  ): Promise<Ended> {
    return this.#mutations.run(entry, args, context);
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
