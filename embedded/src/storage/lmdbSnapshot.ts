import type { RootDatabase, Transaction } from "lmdb";
import { EmbeddedError } from "../errors.js";
import { overlay } from "./merge.js";
import type { Writes } from "./sortedWrites.js";
import type { Entry, Key, KeyRange, Snapshot } from "./store.js";

/** One LMDB read transaction, shared by every snapshot between two commits. */
export class Reader {
  readonly transaction: Transaction;
  readonly #ended: (reader: Reader) => void;
  #users = 0;
  #retired = false;

  /** @param ended called once the transaction is over */
  constructor(
    lmdb: RootDatabase<string, Key>,
    ended: (reader: Reader) => void,
  ) {
    this.transaction = lmdb.useReadTransaction();
    this.#ended = ended;
  }

  acquire(): this {
    this.#users += 1;
    return this;
  }

  release(): void {
    this.#users -= 1;
    this.#endIfUnused();
  }

  /** Closes the reader once its last snapshot is released: no more will be added. */
  retire(): void {
    this.#retired = true;
    this.#endIfUnused();
  }

  #endIfUnused(): void {
    if (this.#retired && this.#users === 0) {
      this.transaction.done();
      this.#ended(this);
    }
  }
}

/** An LMDB read transaction with the writes on top that it does not contain yet. */
export class LmdbSnapshot implements Snapshot {
  readonly #lmdb: RootDatabase<string, Key>;
  readonly #pending: readonly Writes[];
  readonly #transaction: Transaction;
  #reader: Reader | null;

  /** @param pending writes not yet in LMDB, oldest first */
  constructor(
    lmdb: RootDatabase<string, Key>,
    reader: Reader,
    pending: readonly Writes[],
  ) {
    this.#lmdb = lmdb;
    this.#reader = reader;
    this.#transaction = reader.transaction;
    this.#pending = pending;
  }

  get(key: Key): string | undefined {
    this.#assertHeld();
    for (let i = this.#pending.length - 1; i >= 0; i -= 1) {
      const value = this.#pending[i]?.get(key);
      if (value !== undefined) {
        return value ?? undefined;
      }
    }
    return this.#lmdb.get(key, { transaction: this.#transaction });
  }

  range(range: KeyRange): Iterable<Entry> {
    this.#assertHeld();
    return this.#pending
      .filter((writes) => writes.hasAny(range))
      .reduce<Iterable<Entry>>(
        (base, writes) => overlay(writes, base, range),
        this.#committedRange(range),
      );
  }

  release(): void {
    this.#reader?.release();
    this.#reader = null;
  }

  #committedRange({
    lower,
    upper,
    reverse = false,
  }: KeyRange): Iterable<Entry> {
    if (lower >= upper) {
      return [];
    }
    return this.#lmdb.getRange({
      transaction: this.#transaction,
      start: reverse ? upper : lower,
      end: reverse ? lower : upper,
      reverse,
      exclusiveStart: reverse,
      inclusiveEnd: reverse,
    }) as Iterable<Entry>;
  }

  #assertHeld(): void {
    if (this.#reader === null) {
      throw new EmbeddedError(
        "transactionClosed",
        "The snapshot was read after its release.",
      );
    }
  }
}
