import { AsyncLocalStorage } from "node:async_hooks";
import type { UserIdentity } from "convex/server";
import { EmbeddedError } from "../../errors.js";
import type { Clock } from "../../clock.js";
import type { JSONValue } from "convex/values";
import type { Database } from "../../database/database.js";
import type { Steps } from "../../database/steps.js";
import type { QueryStream, ReadInterval } from "../../database/types.js";
import type { Transaction } from "../../database/transactions/transaction.js";
import type { StoredFiles } from "../../files/storedFiles.js";
import type { FunctionFailure } from "../failure.js";
import type {
  DescribeMissing,
  FunctionEntry,
  FunctionSource,
} from "../functionEntry.js";
import type { FunctionAddress } from "../functionPath.js";
import { LogLines } from "./logLines.js";
import { SeededRandom } from "./random.js";
import { SyscallQueue } from "./syscallQueue.js";
import type { Thread } from "./turns.js";
import type { UnderWay } from "./underWay.js";
import type { Asked, CompletionEvent, ExecutionSource } from "../types.js";
import type { UserTime } from "./userTime.js";

/** The part that a request and all its calls have in common. */
export interface RequestContext {
  readonly requestId: string;
  readonly source: ExecutionSource;
  /**
   * The user that the functions of one component act for; a call into another component drops it.
   */
  readonly identity: UserIdentity | null;
  /** The token of the user that `identity` is of, if it was one that made it. */
  readonly authToken?: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** The scheduled function that the request runs, if any. */
  readonly job: { readonly componentPath: string; readonly id: string } | null;
  /** Notes what its functions ask for, where somebody wants to know. */
  readonly asked?: Asked;
  /** The thread as it is lent to its functions. @default as to every call */
  readonly thread?: Thread;
}

/** The outcome of an execution. */
export interface Ended {
  /** JSON text of the result; empty after a failure. */
  readonly json: string;
  readonly logs: LogLines;
  readonly failure?: FunctionFailure;
  readonly ts?: bigint;
  readonly readSet?: Iterable<ReadInterval>;
  /** Journal of a query that read a page. */
  readonly journal?: string | null;
  /**
   * Resolves when all that the execution read and wrote is on disk, before which nobody may be told
   * of it.
   */
  readonly durable?: Promise<void>;
  /** Present when a hook said not to run. */
  readonly skipped?: true;
}

/** The parts of the runtime that executions use. */
export interface ExecutionRuntime {
  readonly database: Database;
  readonly clock: Clock;
  readonly files: StoredFiles;
  readonly deploymentName: string;
  readonly maxUserTimeMs: number;
  readonly maxWaitMs: number;
  /** The latest code. */
  readonly deployment: FunctionSource;
  /** Runs a function on its own, for an action that calls it. */
  runEntry(
    entry: FunctionEntry,
    args: JSONValue,
    context: { deployment: FunctionSource; request: RequestContext },
  ): Promise<Ended>;
  /** Those that run on their own: not those that are part of another one's transaction. */
  readonly underWay: UnderWay<Execution>;
  /** Whether {@link emit} has listeners. */
  readonly hasListeners: boolean;
  emit(event: CompletionEvent): void;
}

/** The start values of an execution. */
export interface ExecutionStart {
  readonly runtime: ExecutionRuntime;
  readonly deployment: FunctionSource;
  readonly fn: FunctionEntry;
  readonly request: RequestContext;
  /** The transaction; null in actions. */
  readonly transaction: Transaction | null;
  /** Frozen time of queries and mutations; null in actions, which read the clock. */
  readonly frozenNowMs: number | null;
  /** Number of nested calls above this one in the same transaction. */
  readonly depth: number;
  readonly userTime: UserTime;
  /** The thread, as it is lent to a query or mutation with all that it calls. */
  readonly thread: Thread;
}

/** One running function, which its syscalls act on. */
export class Execution implements ExecutionStart {
  readonly runtime: ExecutionRuntime;
  readonly deployment: FunctionSource;
  readonly fn: FunctionEntry;
  readonly request: RequestContext;
  readonly transaction: Transaction | null;
  readonly frozenNowMs: number | null;
  readonly depth: number;
  readonly userTime: UserTime;
  readonly logs = new LogLines();
  readonly streams = new Map<number, QueryStream>();
  /** Work that is done in turns. */
  readonly inTurns = new Set<Steps<unknown>>();
  readonly timers = new Set<unknown>();
  /** `console.time` labels and the times when they began. */
  readonly timerLabels = new Map<string, number>();
  nextQueryId = 0;
  paginated = false;
  /**
   * Journal: where the page of an earlier run of the same query ended; then where this run's page
   * ended.
   */
  journal: string | null = null;
  /** Whether the handler returned: after that, no code it left behind may act. */
  finished = false;
  readonly thread: Thread;
  /** The syscalls of a query or mutation. */
  readonly syscalls: SyscallQueue;
  /** Takes it out of those that are under way; null where it is part of another one. */
  leave: (() => void) | null = null;
  /** Rolls back the nested call that is under way. */
  abandonNested: (() => void) | null = null;
  /** Fails the running action, whose code failed where it could not be caught; null where it cannot. */
  crash: ((error: unknown) => void) | null = null;
  /** Ends a query or mutation where it waits; null where it does not run yet, or any more. */
  interrupt: ((why: FunctionFailure) => void) | null = null;
  /** A failure that user code must not be able to catch. */
  fatal: Error | undefined;
  /** Size of the arguments, and of the result; 0 where it is far from the limit. */
  argsBytes = 0;
  resultBytes = 0;
  /** An action's operations that are under way, by the names that warnings give them. */
  readonly pending = new Map<string, number>();

  #random: SeededRandom | undefined;

  constructor(start: ExecutionStart) {
    this.runtime = start.runtime;
    this.deployment = start.deployment;
    this.fn = start.fn;
    this.request = start.request;
    this.transaction = start.transaction;
    this.thread = start.thread;
    this.syscalls = new SyscallQueue(this.thread);
    this.frozenNowMs = start.frozenNowMs;
    this.depth = start.depth;
    this.userTime = start.userTime;
  }

  get clock(): Clock {
    return this.runtime.clock;
  }

  /** The transaction of a query or mutation. */
  get tx(): Transaction {
    if (this.transaction === null) {
      throw new EmbeddedError(
        "internal",
        `${this.fn.path} is an action and has no transaction`,
      );
    }
    return this.transaction;
  }

  /** Seeded randomness; null in actions, whose randomness is real. */
  get random(): SeededRandom | null {
    if (this.transaction === null) {
      return null;
    }
    return (this.#random ??= new SeededRandom());
  }

  /** The function that this one's code addresses; actions call the latest code. */
  resolve(
    address: FunctionAddress,
    describeMissing?: DescribeMissing,
  ): FunctionEntry {
    const { deployment } = this.transaction === null ? this.runtime : this;
    const { componentPath } = this.fn;
    return deployment.resolve(componentPath, address, describeMissing);
  }

  now(): number {
    if (this.request.asked !== undefined) this.request.asked.time = true;
    return this.frozenNowMs ?? this.clock.now();
  }

  /** Counts an operation of an action as under way until it is over. */
  async whilePending<T>(name: string, operation: Promise<T>): Promise<T> {
    this.pending.set(name, (this.pending.get(name) ?? 0) + 1);
    try {
      return await operation;
    } finally {
      const left = this.pending.get(name)! - 1;
      if (left > 0) this.pending.set(name, left);
      else this.pending.delete(name);
    }
  }

  finish(): void {
    this.finished = true;
    this.leave?.();
    this.abandonNested?.();
    this.abandonNested = null;
    for (const steps of this.inTurns) steps.return(undefined);
    this.inTurns.clear();
    for (const stream of this.streams.values()) {
      stream.close();
    }
    this.streams.clear();
    for (const timer of this.timers) {
      this.clock.clearTimeout(timer);
    }
    this.timers.clear();
  }
}

const executions = new AsyncLocalStorage<Execution | undefined>();

/** The execution whose code is running, or undefined while a module is being imported. */
export function currentExecution(): Execution | undefined {
  return executions.getStore();
}

/** Runs `body`, and all that it awaits, as `execution`. */
export function runAs<T>(execution: Execution | undefined, body: () => T): T {
  return executions.run(execution, body);
}
