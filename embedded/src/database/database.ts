import type { Clock } from "../clock.js";
import type { Store, WriteOp } from "../storage/store.js";
import { isStoreGone } from "../errors.js";
import type { Catalog } from "./records/catalog.js";
import { loadCatalog } from "./records/catalogRecords.js";
import { commitWrites } from "./transactions/commitWrites.js";
import { Durability } from "./transactions/durability.js";
import { withoutBuilds } from "./schema/indexFill.js";
import { CLOCK_KEY, RETIRED, retiredHead } from "./records/keyspace.js";
import type { TransactionLimits } from "./metrics.js";
import { sweep } from "./records/retired.js";
import { withoutStaged } from "./imports/staging.js";
import { Transaction } from "./transactions/transaction.js";
import type { Commit } from "./types.js";

/** The outcome of a write. Nobody may be told of it before `durable` has resolved. */
export interface WriteOutcome<T> {
  value: T;
  ts: bigint;
  durable: Promise<void>;
}

/** Options of a database, beside its store. */
export interface DatabaseOptions {
  readonly clock: Clock;
  /** Limits of one transaction. @default Convex's own limits */
  readonly limits?: Partial<TransactionLimits>;
}

/** The greatest times already given out, kept in every commit: a restart must not repeat them. */
interface HighWater {
  /** Time of the latest commit, in nanoseconds. */
  ts: string;
  /** Creation time of the latest document, in milliseconds. */
  creationTime: number;
}

/**
 * Transactions over one store. Writes run one at a time in the order they were
 * asked for, which makes them serializable without conflicts or retries; reads
 * run beside them on snapshots.
 */
export class Database {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #limits: Partial<TransactionLimits>;
  readonly #durability: Durability;
  readonly #listeners = new Set<(commit: Commit) => void>();
  #catalog: Catalog;
  #latestTs: bigint;
  #creationTime: number;
  #lastWrite: Promise<unknown> = Promise.resolve();
  #hasRetired = false;
  #isSweeping = false;

  private constructor(
    store: Store,
    { clock, limits = {} }: DatabaseOptions,
    catalog: Catalog,
    highWater: HighWater,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#limits = limits;
    this.#catalog = catalog;
    this.#latestTs = BigInt(highWater.ts);
    this.#creationTime = highWater.creationTime;
    this.#durability = new Durability(this.#latestTs);
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
    return this.#begin(true);
  }

  /** Runs `run` after every write asked for before; if it throws, nothing happened. */
  write<T>(run: (tx: Transaction) => Promise<T>): Promise<WriteOutcome<T>> {
    const outcome = this.#lastWrite.then(() => this.#runWrite(run));
    this.#lastWrite = outcome.catch(() => undefined);
    return outcome;
  }

  /** Calls `listener` for every commit that changed something, before its writer goes on. */
  onCommit(listener: (commit: Commit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Timestamp of the latest commit. */
  get latestTs(): bigint {
    return this.#latestTs;
  }

  /** Resolves when everything that a snapshot at `ts` shows is on disk. */
  whenDurable(ts: bigint): Promise<void> {
    return this.#durability.when(ts);
  }

  async #runWrite<T>(
    run: (tx: Transaction) => Promise<T>,
  ): Promise<WriteOutcome<T>> {
    const tx = this.#begin(false);
    try {
      const value = await run(tx);
      const { writes, catalog, ts } = tx.finish();
      if (writes.length === 0) {
        const { latestTs } = this;
        return {
          value,
          ts: latestTs,
          durable: this.whenDurable(latestTs),
        };
      }
      this.#commit(writes, catalog, ts);
      return { value, ts, durable: this.whenDurable(ts) };
    } finally {
      tx.release();
    }
  }

  #commit(writes: WriteOp[], catalog: Catalog, ts: bigint): void {
    const highWater: HighWater = {
      ts: String(ts),
      creationTime: this.#creationTime,
    };
    const { durable } = this.#store.write([
      ...writes,
      { key: CLOCK_KEY, value: JSON.stringify(highWater) },
    ]);
    this.#latestTs = ts;
    this.#catalog = catalog;
    this.#durability.add(ts, durable);
    this.#announce({ ts, writes: commitWrites(writes, catalog) });
    if (writes.some(isRetirement)) {
      this.#hasRetired = true;
      this.#startSweep();
    }
  }

  /** Drops the index builds and imports that a stop cut short: nobody goes on with them. */
  async #abandonUnfinished(): Promise<void> {
    await this.write((tx) =>
      Promise.resolve(
        tx.changeCatalog((catalog, view) => ({
          catalog: withoutStaged(
            withoutBuilds(catalog, view, () => true),
            view,
            () => true,
          ),
          result: undefined,
        })),
      ),
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
          return Promise.resolve();
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

  #begin(readOnly: boolean): Transaction {
    return new Transaction({
      snapshot: this.#store.snapshot(),
      catalog: this.#catalog,
      ts: this.#latestTs,
      readOnly,
      // Writes run one at a time: nothing is committed between now and then.
      commitTs: readOnly ? this.#latestTs : this.#nextTs(),
      limits: this.#limits,
      nextCreationTime: () => this.#nextCreationTime(),
    });
  }

  /** The wall clock's nanoseconds, or one more than the last timestamp where that is greater. */
  #nextTs(): bigint {
    const wall = BigInt(Math.floor(this.#clock.now())) * 1_000_000n;
    return wall > this.#latestTs ? wall : this.#latestTs + 1n;
  }

  #nextCreationTime(): number {
    const now = this.#clock.now();
    this.#creationTime =
      now > this.#creationTime ? now : nextAfter(this.#creationTime);
    return this.#creationTime;
  }
}

function isRetirement({ key, value }: WriteOp): boolean {
  return value !== null && retiredHead(key) !== undefined;
}

const bits = new DataView(new ArrayBuffer(8));

/** The next greater float64 after a positive one. */
function nextAfter(value: number): number {
  bits.setFloat64(0, value);
  bits.setBigUint64(0, bits.getBigUint64(0) + 1n);
  return bits.getFloat64(0);
}
