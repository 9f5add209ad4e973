import { setImmediate } from "node:timers/promises";
import type { Clock } from "../clock.js";
import type { Database } from "../database/database.js";
import type { Transaction } from "../database/transactions/transaction.js";
import { isStoreGone } from "../errors.js";
import {
  dueEntries,
  duePrefix,
  dueTimeMs,
  type DueEntry,
  type LaneName,
} from "./due.js";

export interface LaneOptions {
  readonly name: LaneName;
  readonly database: Database;
  readonly clock: Clock;
  /** Number of entries that run at the same time. */
  readonly parallelism: number;
  /** Runs an entry and takes it off the lane. */
  readonly run: (entry: DueEntry) => Promise<Committed>;
  /** Whether entries start only in a timer's callback, however late it is. */
  readonly timersOnly: boolean;
  /**
   * Receives the error of a run. The entry stays due and is tried again after a second; the others
   * go on.
   */
  readonly onError: (error: unknown) => void;
}

/** The commit of a run. */
export interface Committed {
  /** Resolves when the commit is on disk. */
  readonly durable: Promise<void>;
}

const RETRY_MS = 1_000;
/** Longest delay that a timer takes; a later entry is looked at again when the timer fires. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs due entries in the order of time, without polling: one timer for the earliest entry, moved
 * forward whenever a commit adds an earlier one.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #prefix: string;
  readonly #running = new Map<string, Promise<void>>();
  /** Times at which entries that failed for a fault of the deployment are tried again. */
  readonly #retries = new Map<string, number>();
  /** Resolves when the latest commit of a run is on disk. */
  #durable = Promise.resolve();
  /**
   * A key before which there are no entries. Those that ran stay in the store as deleted for half a second, in which a
   * clock that a test turns comes past thousands.
   */
  #from: string;
  #isStarted = false;
  #pausedUntilMs = -Infinity;
  #timer: unknown;
  #timerMs = Infinity;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#prefix = duePrefix(options.name);
    this.#from = this.#prefix;
  }

  start(): void {
    this.#isStarted = true;
    this.#from = this.#prefix;
    this.#advance();
  }

  /** Starts nothing more; resolves when all runs have ended. */
  async stop(): Promise<void> {
    this.halt();
    await Promise.all(this.#running.values());
  }

  /** Starts nothing more, and leaves what runs to itself. */
  halt(): void {
    this.#isStarted = false;
    this.#disarm();
  }

  /** Looks through the keys a commit wrote for entries of this lane. */
  noticed(metaKeys: readonly string[]): void {
    let earliest: string | undefined;
    for (const key of metaKeys) {
      if (!key.startsWith(this.#prefix)) continue;
      if (earliest === undefined || key < earliest) earliest = key;
    }
    if (earliest === undefined) return;
    if (earliest < this.#from) this.#from = earliest;
    // A full lane looks for entries itself when a run ends.
    if (!this.#isStarted || this.#isFull) return;
    const earliestMs = dueTimeMs(this.#options.name, earliest);
    const { clock, timersOnly } = this.#options;
    if (earliestMs <= clock.now() && !timersOnly) {
      this.#advance();
    } else {
      this.#arm(earliestMs);
    }
  }

  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** Number of entries that run. */
  get running(): number {
    return this.#running.size;
  }

  get name(): LaneName {
    return this.#options.name;
  }

  /** Resolves when the present runs have ended, which may have started more. */
  async whenIdle(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  /** When the earliest waiting entry is due; Infinity without one. */
  nextDueMs(): number {
    const tx = this.#options.database.read();
    try {
      return this.#earliestWaitingMs(tx);
    } finally {
      tx.release();
    }
  }

  get #isFull(): boolean {
    return this.#running.size >= this.#options.parallelism;
  }

  #advance(mayStart = true): void {
    if (!this.#isStarted || this.#isFull) {
      return;
    }
    const { clock, database } = this.#options;
    const nowMs = clock.now();
    if (nowMs < this.#pausedUntilMs) {
      this.#arm(this.#pausedUntilMs);
      return;
    }
    const tx = database.read();
    try {
      if (mayStart) {
        this.#startDue(tx, nowMs);
      }
      if (!this.#isFull) {
        this.#arm(this.#earliestWaitingMs(tx));
      }
    } finally {
      tx.release();
    }
  }

  #startDue(tx: Transaction, nowMs: number): void {
    const { name, parallelism } = this.#options;
    for (const [key, retryMs] of this.#retries) {
      if (retryMs <= nowMs) this.#retries.delete(key);
    }
    // Those that run or wait to be tried again may still be among the entries.
    const limit = parallelism + this.#retries.size;
    const entries = dueEntries(tx, name, nowMs, limit, this.#from);
    this.#from = entries[0]?.key ?? this.#from;
    for (const entry of entries) {
      const isWaiting =
        !this.#running.has(entry.key) && !this.#retries.has(entry.key);
      if (isWaiting && !this.#isFull) {
        this.#running.set(entry.key, this.#run(entry));
      }
    }
  }

  #earliestWaitingMs(tx: Transaction): number {
    const { name } = this.#options;
    let earliestMs = Infinity;
    let first: string | undefined;
    for (const { key } of tx.meta.range(this.#prefix, { from: this.#from })) {
      first ??= key;
      if (this.#running.has(key)) continue;
      const retryMs = this.#retries.get(key);
      earliestMs = Math.min(earliestMs, retryMs ?? dueTimeMs(name, key));
      // The entries are in the order of their times.
      if (retryMs === undefined) break;
    }
    // While it is stopped, it does not hear of earlier ones.
    if (this.#isStarted) this.#from = first ?? `${this.#prefix}~`;
    return earliestMs;
  }

  async #run(entry: DueEntry): Promise<void> {
    // A chain of jobs must not keep sockets and timers from their turn.
    await setImmediate();
    try {
      if (this.#isStarted) {
        await this.#follow(await this.#options.run(entry));
      }
    } catch (error) {
      const retryMs = this.#options.clock.now() + RETRY_MS;
      // No other entry would get any further.
      if (isStoreGone(error)) this.#pausedUntilMs = retryMs;
      else this.#retries.set(entry.key, retryMs);
      this.#options.onError(error);
    } finally {
      this.#running.delete(entry.key);
      this.#advance(!this.#options.timersOnly);
    }
  }

  /**
   * Waits for the commit before the last. Some commits may be on their way to disk while the next
   * entries run, but a chain of jobs that did not wait at all would outrun the disk, and gather in
   * memory.
   */
  #follow({ durable }: Committed): Promise<void> {
    const before = this.#durable;
    this.#durable = durable;
    return before;
  }

  #arm(timeMs: number): void {
    // A timer whose time has passed is held up, as by a clock that was set: it is not waited for.
    const isArmed = this.#timerMs > this.#options.clock.now();
    if (timeMs === Infinity || (isArmed && timeMs >= this.#timerMs)) {
      return;
    }
    this.#disarm();
    const { clock } = this.#options;
    const { trustsTimersMs = MAX_TIMER_MS } = clock;
    const delayMs = Math.min(Math.max(0, timeMs - clock.now()), trustsTimersMs);
    this.#timerMs = timeMs;
    this.#timer = clock.setTimeout(() => {
      this.#timerMs = Infinity;
      this.#advance();
    }, delayMs);
  }

  #disarm(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timerMs = Infinity;
  }
}
