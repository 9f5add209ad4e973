import type { Clock } from "../clock.js";
import type { Key, Store, WriteOp } from "../storage/store.js";
import { isStoreGone } from "../errors.js";
import type { Catalog } from "./records/catalog.js";
import { loadCatalog } from "./records/catalogRecords.js";
import { commitWrites } from "./transactions/commitWrites.js";
import { groupsOf, writesIn } from "./transactions/orderedWrites.js";
import { CODE_CHANGED, ENGINE, type Conflict } from "./commits/conflict.js";
import { Durability } from "./commits/durability.js";
import { withoutBuilds } from "./schema/indexFill.js";
import { CLOCK_KEY, RETIRED } from "./records/keyspace.js";
import type { TransactionLimits } from "./metrics.js";
import { MutationOrder } from "./commits/mutationOrder.js";
import { RecentCommits, type UnderWay } from "./commits/recentCommits.js";
import { RememberingSnapshot } from "./records/rememberingSnapshot.js";
import { sweep } from "./records/retired.js";
import {
  hasIndexCounts,
  indexCountsOnTop,
  RowCounts,
} from "./commits/rowCounts.js";
import { withoutStaged } from "./imports/staging.js";
import { Timestamps, type HighWater } from "./commits/timestamps.js";
import { Transaction } from "./transactions/transaction.js";
import type { Commit } from "./types.js";
import { VectorSearches } from "./queries/vectorSearches.js";

/** The outcome of a write. Nobody may be told of it before `durable` has resolved. */
export interface WriteOutcome<T> {
  value: T;
  ts: bigint;
  durable: Promise<void>;
}

/** What a function returns that waits for nothing: anything but a promise. */
export type AtOnce<T> = T extends PromiseLike<unknown> ? never : unknown;

/** Options of a database, beside its store. */
export interface DatabaseOptions {
  readonly clock: Clock;
  /** Limits of one transaction. @default Convex's own limits */
  readonly limits?: Partial<TransactionLimits>;
  /** How much memory the vectors of vector indexes may hold, in bytes. @default 1 GiB */
  readonly maxVectorBytes?: number | undefined;
}

/** A mutation, which may have to run more than once. */
export interface Mutation<T> {
  /** The function that it is. */
  readonly writer: string;
  /** Runs it, each time in a transaction of its own. */
  readonly run: (tx: Transaction) => Promise<MutationRun<T>>;
  /** Hears of a run that lost, and how many have, before the next begins. */
  lost(conflict: Conflict, lostRuns: number): void;
}

/** A run of a mutation that is ready to commit. None of this may wait for anything. */
export interface MutationRun<T> {
  /** Whether the code that it ran is still the deployed one. */
  isCurrent(): boolean;
  /** Does what is left to do in the transaction, once the commit's time is known. */
  seal(ts: bigint): T;
  /** Hears of the commit before anybody else does. */
  readonly committed?: () => void;
}

/** One run of a mutation. */
interface Running {
  readonly tx: Transaction;
  readonly underWay: UnderWay;
  readonly writer: string;
  readonly isFirst: boolean;
  readonly asked: UnderWay | undefined;
}

/** A transaction that nothing is in the way of. */
interface Committing<T> {
  readonly ts: bigint;
  readonly value: T;
  readonly writer: string;
  readonly committed?: (() => void) | undefined;
}

/**
 * How often a mutation loses before it runs alone: as often as it runs at most on Convex, which
 * then gives up.
 */
export const MAX_LOST_RUNS = 5;

/**
 * Transactions over one store, all on snapshots. Mutations run side by side: each commits if
 * nothing that it read has changed since its snapshot, and else runs again. What is written without
 * waiting for anything has nobody beside it.
 */
export class Database {
  readonly vectors: VectorSearches;
  readonly #store: Store;
  readonly #limits: Partial<TransactionLimits>;
  readonly #durability: Durability;
  readonly #times: Timestamps;
  readonly #order = new MutationOrder();
  readonly #recent = new RecentCommits();
  readonly #rowCounts = new RowCounts();
  readonly #listeners = new Set<(commit: Commit) => void>();
  #catalog: Catalog;
  #hasRetired = false;
  #isSweeping = false;

  private constructor(
    store: Store,
    { clock, limits = {}, maxVectorBytes }: DatabaseOptions,
    catalog: Catalog,
    highWater: HighWater,
  ) {
    this.#store = store;
    this.#limits = limits;
    this.#catalog = catalog;
    this.#times = new Timestamps(clock, highWater);
    this.#durability = new Durability(this.latestTs);
    this.vectors = new VectorSearches(this, maxVectorBytes);
  }

  static async open(store: Store, options: DatabaseOptions): Promise<Database> {
    const database = Database.#load(store, options);
    await database.#abandonUnfinished();
    database.#startSweep();
    return database;
  }

  static #load(store: Store, options: DatabaseOptions): Database {
    const snapshot = store.snapshot();
    try {
      const saved = snapshot.get(CLOCK_KEY);
      const highWater =
        saved === undefined
          ? { ts: "0", creationTime: 0 }
          : (JSON.parse(saved) as HighWater);
      const catalog = loadCatalog(snapshot);
      const database = new Database(store, options, catalog, highWater);
      const [retired] = snapshot.range(RETIRED);
      database.#hasRetired = retired !== undefined;
      return database;
    } finally {
      snapshot.release();
    }
  }

  /** The latest commit, read-only. It pins old data until it is released. */
  read(): Transaction {
    return this.#begin({ readOnly: true });
  }

  /**
   * Runs `run` on the latest commit and commits what it wrote, with nothing in between; if it
   * throws, nothing happened. It returns no promise: {@link mutate} is for what waits.
   */
  async write<T>(
    run: (tx: Transaction) => T & AtOnce<T>,
  ): Promise<WriteOutcome<T>> {
    // Never in the middle of another commit, whose listeners may ask for this one.
    do await this.#order.alone;
    while (this.#order.alone !== null);
    const tx = this.#begin({});
    try {
      const value: T = run(tx);
      const ts = this.#times.nextTs();
      return this.#commit(tx, tx.finish(ts), { ts, value, writer: ENGINE });
    } finally {
      tx.release();
    }
  }

  /**
   * Runs a mutation until it has committed, beside others; if it throws, nothing happened. One that
   * loses runs again on the latest commit, after those of the same function that lost before it.
   * After {@link MAX_LOST_RUNS} nothing else commits until it has.
   */
  async mutate<T>(mutation: Mutation<T>): Promise<WriteOutcome<T>> {
    const { writer } = mutation;
    const inLine = this.#order.hasLine(writer);
    const asked = inLine ? this.#recent.begin(this.latestTs) : undefined;
    let letNext = inLine ? await this.#order.lineUp(writer) : undefined;
    try {
      for (let lost = 0; ;) {
        const outcome = await this.#run(mutation, lost, asked);
        if (!("writer" in outcome)) return outcome;
        lost += 1;
        mutation.lost(outcome, lost);
        letNext ??= await this.#order.lineUp(writer);
      }
    } finally {
      if (asked !== undefined) this.#recent.end(asked);
      letNext?.();
    }
  }

  /** Calls `listener` for every commit that changed something, before its writer goes on. */
  onCommit(listener: (commit: Commit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Timestamp of the latest commit. */
  get latestTs(): bigint {
    return this.#times.latestTs;
  }

  /** Resolves when everything that a snapshot at `ts` shows is on disk. */
  whenDurable(ts: bigint): Promise<void> {
    return this.#durability.when(ts);
  }

  /**
   * Runs a mutation once, to its commit or to what it lost against.
   *
   * @param asked - when it was asked for, where it then waited for others of its function
   */
  async #run<T>(
    mutation: Mutation<T>,
    lostRuns: number,
    asked: UnderWay | undefined,
  ): Promise<WriteOutcome<T> | Conflict> {
    const order = this.#order;
    const place = order.enter(lostRuns > 0);
    if (place !== undefined) await place;
    let endAlone: (() => void) | undefined;
    try {
      if (lostRuns >= MAX_LOST_RUNS) endAlone = await order.goAlone();
      const tx = this.#begin({ isOptimistic: true });
      const underWay = this.#recent.begin(tx.ts);
      try {
        const ready = await mutation.run(tx);
        if (endAlone === undefined) {
          while (order.alone !== null) await order.alone;
        }
        const isFirst = lostRuns === 0;
        const { writer } = mutation;
        return this.#settle(ready, { tx, underWay, writer, isFirst, asked });
      } finally {
        this.#recent.end(underWay);
        tx.release();
      }
    } finally {
      endAlone?.();
      order.leave();
    }
  }

  /** Commits what a run wrote, unless something that it read has changed. */
  #settle<T>(
    ready: MutationRun<T>,
    { tx, underWay, writer, isFirst, asked }: Running,
  ): WriteOutcome<T> | Conflict {
    const ts = this.#times.nextTs();
    const value = ready.seal(ts);
    const ended = tx.finish(ts);
    const reads = tx.mutationReads;
    const conflict =
      ended.writes.length === 0
        ? undefined
        : ready.isCurrent()
          ? this.#recent.conflictOf(underWay, reads)
          : CODE_CHANGED;
    if (isFirst) {
      const before = asked && this.#recent.conflictOf(asked, reads);
      this.#order.ranFirst(writer, (conflict ?? before) !== undefined);
    }
    if (conflict !== undefined) return conflict;
    this.#recent.end(underWay);
    const { committed } = ready;
    return this.#commit(tx, ended, { ts, value, writer, committed });
  }

  #commit<T>(
    tx: Transaction,
    ended: ReturnType<Transaction["finish"]>,
    { ts, value, writer, committed }: Committing<T>,
  ): WriteOutcome<T> {
    if (ended.writes.length === 0) {
      // What it read is right at the time of its snapshot, whatever came after.
      return { value, ts: tx.ts, durable: this.whenDurable(tx.ts) };
    }
    const writes = this.#countsOnTop(ended.writes, tx);
    const catalog = ended.changesCatalog ? ended.catalog : this.#catalog;
    const groups = groupsOf(writes);
    const highWater = this.#times.highWaterAt(ts);
    // In the order of their keys, too: none comes before the clock's.
    const { durable } = this.#store.write([
      { key: CLOCK_KEY, value: JSON.stringify(highWater) },
      ...writes,
    ]);
    this.#catalog = catalog;
    this.#times.committed(ts);
    this.#rowCounts.committed(writes);
    this.#durability.add(ts, durable);
    this.#recent.add({ ts, writer, writes, groups, catalog });
    committed?.();
    this.#announce({
      ...{ ts, writer },
      writes: commitWrites(writes, catalog, groups),
    });
    if (writesIn(writes, RETIRED).some(({ value }) => value !== null)) {
      this.#hasRetired = true;
      this.#startSweep();
    }
    return { value, ts, durable: this.whenDurable(ts) };
  }

  /** The writes of a transaction, whose counts go on top of what others counted since it began. */
  #countsOnTop(
    writes: readonly WriteOp[],
    tx: Transaction,
  ): readonly WriteOp[] {
    const before = (key: Key) => tx.before(key);
    const counted = this.#rowCounts.onTop(writes, before);
    if (tx.ts === this.latestTs || !hasIndexCounts(counted)) return counted;
    const latest = this.#store.snapshot();
    try {
      return indexCountsOnTop(counted, before, (key) => latest.get(key));
    } finally {
      latest.release();
    }
  }

  /** Drops the index builds and imports that a stop cut short: nobody goes on with them. */
  async #abandonUnfinished(): Promise<void> {
    await this.write((tx) =>
      tx.changeCatalog((catalog, view) => ({
        catalog: withoutStaged(
          withoutBuilds(catalog, view, () => true),
          view,
          () => true,
        ),
        result: undefined,
      })),
    );
  }

  /** Deletes retired keys, some a commit, between the writes of others. */
  #startSweep(): void {
    if (this.#isSweeping || !this.#hasRetired) return;
    this.#isSweeping = true;
    void this.#sweepAll().finally(() => {
      this.#isSweeping = false;
    });
  }

  async #sweepAll(): Promise<void> {
    try {
      while (this.#hasRetired) {
        const { durable } = await this.write((tx) => {
          this.#hasRetired = tx.changeCatalog((catalog, view) => ({
            catalog,
            result: sweep(view),
          }));
        });
        await durable;
      }
    } catch (error) {
      // Whoever opens the store next finds the remaining keys.
      if (!isStoreGone(error)) throw error;
    }
  }

  #announce(commit: Commit): void {
    for (const listener of this.#listeners) {
      try {
        listener(commit);
      } catch (error) {
        // The commit stands, so its writer must not be told that it failed.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  #begin({
    readOnly = false,
    isOptimistic = false,
  }: {
    readOnly?: boolean;
    isOptimistic?: boolean;
  }): Transaction {
    const snapshot = this.#store.snapshot();
    return new Transaction({
      snapshot: readOnly ? snapshot : new RememberingSnapshot(snapshot),
      catalog: this.#catalog,
      ts: this.latestTs,
      readOnly,
      isOptimistic,
      limits: this.#limits,
      nextCreationTime: () => this.#times.nextCreationTime(),
    });
  }
}
