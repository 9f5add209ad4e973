import type { JSONValue } from "convex/values";
import type { Clock } from "../../clock.js";
import type { Database } from "../../database/database.js";
import type { Transaction } from "../../database/transactions/transaction.js";
import type { MutationHooks } from "../../functions/mutations.js";
import type { Log } from "../log.js";

/** A mutation as its client numbered it. */
export interface RequestKey {
  readonly sessionId: string;
  readonly requestId: number;
}

/** The outcome of a committed mutation. */
export interface RecordedResult {
  readonly value: JSONValue;
  readonly logLines: string[];
  /** A snapshot that shows the mutation. */
  readonly ts: bigint;
}

const PREFIX = "sync/request/";
const WEEK_MS = 7 * 24 * 3_600_000;
/** Weeks whose records are kept beside the current one: a record lives two to three weeks. */
const PAST_WEEKS_KEPT = 2;
const TRIM_EVERY_MS = 3_600_000;
/** Records deleted in one transaction, which is not interrupted. */
const TRIM_BATCH = 500;

/**
 * Outcomes of the mutations that came over a socket, so that a mutation whose answer was lost is
 * answered again and not run again. A record is in the mutation's own commit: there is no moment
 * with one and without the other.
 *
 * Records lie by week, so the old ones are a range without an index.
 */
export class RequestRecords {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #log: Log;
  #timer: unknown;
  #trimming: Promise<void>;
  #isClosed = false;

  constructor(database: Database, { clock, log }: { clock: Clock; log: Log }) {
    this.#database = database;
    this.#clock = clock;
    this.#log = log;
    this.#trimming = this.#trimNowAndThen();
  }

  /**
   * Hooks that run a mutation unless it has a record, which is given to `onRecorded`. The record is
   * looked up in the mutation's transaction, for two sockets of one session may bring the same
   * request: the server can learn late that a socket is gone.
   */
  hooks(
    key: RequestKey,
    on: { recorded(result: RecordedResult): void; committed(): void },
  ): MutationHooks {
    return {
      begin: (tx) => {
        const recorded = this.#find(tx, key);
        if (recorded === undefined) return true;
        on.recorded(recorded);
        return false;
      },
      beforeCommit: (tx, { value, logLines }) =>
        tx.meta.put(
          recordName(this.#currentWeek(), key),
          JSON.stringify({ value, logLines }),
        ),
      committed: () => on.committed(),
    };
  }

  /** The record of a mutation, if it has committed. */
  find(key: RequestKey): RecordedResult | undefined {
    const tx = this.#database.read();
    try {
      return this.#find(tx, key);
    } finally {
      tx.release();
    }
  }

  /** Stops trimming after the batch under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#clock.clearTimeout(this.#timer);
    await this.#trimming;
  }

  async #trimNowAndThen(): Promise<void> {
    try {
      await this.#trim();
    } catch (error) {
      this.#log(`Old request records could not be deleted: ${String(error)}`);
    }
    if (this.#isClosed) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#trimming = this.#trimNowAndThen();
    }, TRIM_EVERY_MS);
  }

  /** Deletes records that are too old, a batch a transaction. */
  async #trim(): Promise<void> {
    const to = PREFIX + weekName(this.#currentWeek() - PAST_WEEKS_KEPT);
    while (!this.#isClosed && this.#hasRecordBelow(to)) {
      const { durable } = await this.#database.write((tx) => {
        const old = [...tx.meta.range(PREFIX, { to, limit: TRIM_BATCH })];
        for (const { key } of old) tx.meta.delete(key);
      });
      await durable;
    }
  }

  #hasRecordBelow(to: string): boolean {
    const tx = this.#database.read();
    try {
      return [...tx.meta.range(PREFIX, { to, limit: 1 })].length > 0;
    } finally {
      tx.release();
    }
  }

  #find(tx: Transaction, key: RequestKey): RecordedResult | undefined {
    const current = this.#currentWeek();
    for (let week = current; week >= current - PAST_WEEKS_KEPT; week -= 1) {
      const text = tx.meta.get(recordName(week, key));
      if (text !== undefined) {
        const record = JSON.parse(text) as Omit<RecordedResult, "ts">;
        return { ...record, ts: tx.ts };
      }
    }
    return undefined;
  }

  /**
   * The current week by the later of wall clock and commits: a clock set back must not hide
   * records.
   */
  #currentWeek(): number {
    const committedMs = Number(this.#database.latestTs / 1_000_000n);
    return Math.floor(Math.max(this.#clock.now(), committedMs) / WEEK_MS);
  }
}

function recordName(
  week: number,
  { sessionId, requestId }: RequestKey,
): string {
  return `${PREFIX}${weekName(week)}${sessionId}/${requestId}`;
}

/** A week's name, which sorts like its number. */
function weekName(week: number): string {
  return `${String(Math.max(week, 0)).padStart(6, "0")}/`;
}
