/*
 * The store over LMDB: how a write is visible at once, atomic, and durable with others.
 *
 * A write goes to a sorted map in memory, where snapshots see it at once, and to the log, which
 * makes it durable together with other writes of that moment. Twice a second the writes gathered in
 * the map go to LMDB, on a thread of its own, together with the number of the last log record among
 * them: after a crash LMDB is given the records after it.
 *
 * LMDB could make each write durable by itself, but its pages lie all over its file, and every
 * commit syncs them, and then once more what makes them current. Measured on two cores, with 16
 * callers who each change one of 1,000,000 documents: 0.78 of the mutations that they get done with
 * 1,000 documents, and 0.88 with the log; one caller alone gets half as many again done.
 */

import { setImmediate } from "node:timers/promises";
import { EmbeddedError } from "../errors.js";
import { DataFile } from "./dataFile.js";
import {
  assertDataThere,
  assertLogThere,
  keepPrivate,
} from "./directory/directoryFiles.js";
import { makeDirectory } from "./directory/files.js";
import { LmdbSnapshot, Reader } from "./lmdbSnapshot.js";
import type { LogRecord } from "./logRecords.js";
import { lockDataDir, type Unlock } from "./directory/ownerLock.js";
import {
  assertAsClosed,
  assertNoCopyInUse,
  noteClosed,
  noteInUse,
} from "./directory/stateFile.js";
import { SortedMap } from "./sortedMap.js";
import {
  areSorted,
  merged,
  SortedWrites,
  type Writes,
} from "./sortedWrites.js";
import {
  assertKeysFit,
  type Snapshot,
  type Store,
  type WriteOp,
  type WriteReceipt,
} from "./store.js";
import { cannotOpen } from "./trouble.js";
import { WriteAheadLog } from "./writeAheadLog.js";

export interface StoreOptions {
  readonly dataDir: string;
  /** Called once when the disk refused a write, after which nothing more is accepted. */
  readonly onFailure?: (failure: EmbeddedError) => void;
  /**
   * Whether a durable write outlives the machine; without it, it outlives the process. @default true
   */
  readonly fsync?: boolean;
}

/** A store that may end as in a crash. */
export interface CrashableStore extends Store {
  /**
   * Gives the directory up as a process that ends without warning leaves it: from this call on nothing
   * more is written, and what was not on its way to disk fails. Resolves when the directory may be
   * opened again.
   */
  abandon(): Promise<void>;
}

/**
 * Opens the store in `dataDir`, which one process owns at a time, as it was when
 * it was closed or its process ended.
 *
 * @throws EmbeddedError "dataDirInUse" with the owner; "storageFailed"
 */
export async function openStore(
  options: StoreOptions,
): Promise<CrashableStore> {
  const { dataDir } = options;
  try {
    await makeDirectory(dataDir);
    const unlock = await lockDataDir(dataDir);
    try {
      return await recoverStore(options, unlock);
    } catch (error) {
      await unlock();
      throw error;
    }
  } catch (error) {
    throw cannotOpen(dataDir, error);
  }
}

async function recoverStore(
  { dataDir, onFailure = () => {}, fsync = true }: StoreOptions,
  unlock: Unlock,
): Promise<CrashableStore> {
  assertDataThere(dataDir);
  assertNoCopyInUse(dataDir);
  await keepPrivate(dataDir);
  const data = new DataFile(dataDir);
  let log: WriteAheadLog | undefined;
  try {
    const { lastRecord, hasState } = data;
    assertLogThere(dataDir, lastRecord);
    const opened = await WriteAheadLog.open(dataDir, lastRecord, { fsync });
    log = opened.log;
    const last = opened.records.at(-1)?.number ?? lastRecord;
    assertAsClosed(dataDir, { inLmdb: lastRecord, last }, hasState);
    await noteInUse(dataDir);
    if (!hasState) await data.noteState();
    await replay(opened.records, data);
    return new LmdbStore({ dataDir, data, log, unlock, onFailure });
  } catch (error) {
    await log?.close();
    await data.close();
    throw error;
  }
}

async function replay(
  records: readonly LogRecord[],
  data: DataFile,
): Promise<void> {
  const writes = new SortedMap<string | null>();
  for (const { key, value } of records.flatMap(({ ops }) => ops)) {
    writes.set(key, value);
  }
  const last = records.at(-1);
  if (last !== undefined) await data.commit(writes, last.number);
}

/** How long writes gather before they go to LMDB; nobody waits for that. */
const GATHER_MS = 500;

/** Length of keys and values at which writes go to LMDB without waiting any longer. */
const GATHER_CHARACTERS = 1_024 * 1_024;

/**
 * Length of gathered keys and values above which a write waits for LMDB too, lest the log outrun
 * it: 16 writers of rows in no order write half as much again as with LMDB alone, and would fill
 * the memory.
 */
const HELD_CHARACTERS = 4 * 1_024 * 1_024;

/** Number of writes from which on a commit's are gathered as they are. */
const LARGE = 1_000;

/** So many large commits may lie beside each other: each read looks into all. */
const MAX_LARGE = 4;

interface StoreParts {
  readonly dataDir: string;
  readonly data: DataFile;
  readonly log: WriteAheadLog;
  readonly unlock: Unlock;
  readonly onFailure: (failure: EmbeddedError) => void;
}

class LmdbStore implements CrashableStore {
  readonly #dataDir: string;
  readonly #data: DataFile;
  readonly #log: WriteAheadLog;
  readonly #unlock: Unlock;
  readonly #tellFailure: (failure: EmbeddedError) => void;
  /** Large commits, and what was gathered before each, oldest first; all else is on top of them. */
  #below: Writes[] = [];
  #large = 0;
  #gathered = new SortedMap<string | null>();
  #gatheredCharacters = 0;
  #gathering: NodeJS.Timeout | undefined;
  /** The writes on their way to LMDB. */
  #flushing: readonly Writes[] | null = null;
  /** Resolves when those writes are in LMDB, or have failed. */
  #flushed = Promise.resolve();
  #reader: Reader | null = null;
  /** Readers that somebody may still read by. */
  readonly #readers = new Set<Reader>();
  #readersEnded: (() => void) | undefined;
  #failure: EmbeddedError | null = null;
  #closed: Promise<void> | null = null;

  constructor({ dataDir, data, log, unlock, onFailure }: StoreParts) {
    this.#dataDir = dataDir;
    this.#data = data;
    this.#log = log;
    this.#unlock = unlock;
    this.#tellFailure = onFailure;
    log.onFailure = (failure) => this.#fail(failure);
  }

  snapshot(): Snapshot {
    this.#assertOpen();
    this.#reader ??= this.#newReader();
    // Nothing is added to what is below, or on its way.
    const pending = [...(this.#flushing ?? []), ...this.#below];
    if (this.#gathered.size > 0) pending.push(this.#gathered.fork());
    return new LmdbSnapshot(this.#data.lmdb, this.#reader.acquire(), pending);
  }

  write(ops: readonly WriteOp[]): WriteReceipt {
    this.#assertOpen();
    assertKeysFit(ops);
    this.#gather(ops);
    const logged = this.#log.append(ops);
    this.#scheduleFlush();
    return {
      durable:
        this.#gatheredCharacters < HELD_CHARACTERS
          ? logged
          : this.#flushed.then(() => logged),
    };
  }

  #gather(ops: readonly WriteOp[]): void {
    const isLarge =
      ops.length >= LARGE && this.#large < MAX_LARGE && areSorted(ops);
    if (isLarge) {
      this.#putGatheredBelow();
      this.#below.push(new SortedWrites(ops));
      this.#large += 1;
    }
    for (const { key, value } of ops) {
      if (!isLarge) this.#gathered.set(key, value);
      this.#gatheredCharacters += key.length + (value?.length ?? 0);
    }
  }

  #putGatheredBelow(): void {
    if (this.#gathered.size === 0) return;
    this.#below.push(this.#gathered);
    this.#gathered = new SortedMap();
  }

  close(): Promise<void> {
    this.#closed ??= this.#flushAndClose();
    return this.#closed;
  }

  abandon(): Promise<void> {
    this.#closed ??= this.#abandon();
    return this.#closed;
  }

  async #abandon(): Promise<void> {
    const failure = closed();
    this.#failure ??= failure;
    clearTimeout(this.#gathering);
    this.#log.abandon(failure);
    this.#reader?.retire();
    this.#reader = null;
    await this.#flushed;
    await this.#log.close();
    // Functions under way may read on: their snapshots are of this environment.
    await this.#whenUnread();
    await this.#data.close();
    await this.#unlock();
  }

  #newReader(): Reader {
    const reader = new Reader(this.#data.lmdb, () => {
      this.#readers.delete(reader);
      if (this.#readers.size === 0) this.#readersEnded?.();
    });
    this.#readers.add(reader);
    return reader;
  }

  #whenUnread(): Promise<void> {
    if (this.#readers.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#readersEnded = resolve;
    });
  }

  /**
   * Schedules the next flush. LMDB takes one group of writes at a time, while the next one gathers.
   */
  #scheduleFlush(): void {
    if (this.#flushing !== null || this.#gatheredCharacters === 0) return;
    if (this.#gatheredCharacters >= GATHER_CHARACTERS) {
      this.#flush();
    } else {
      this.#gathering ??= setTimeout(() => this.#flush(), GATHER_MS).unref();
    }
  }

  #flush(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    if (this.#failure !== null || this.#gatheredCharacters === 0) return;
    this.#putGatheredBelow();
    this.#flushing = this.#below;
    this.#below = [];
    this.#large = 0;
    this.#gatheredCharacters = 0;
    this.#flushed = this.#giveToLmdb(this.#flushing, this.#log.cut());
  }

  async #giveToLmdb(
    [first, ...others]: readonly Writes[],
    lastRecord: number,
  ): Promise<void> {
    let writes = first ?? new SortedWrites([]);
    try {
      for (const newer of others) {
        writes = merged(writes, newer);
        await setImmediate();
      }
      // Whoever opens the directory next finds them in the log.
      if (this.#failure !== null) return;
      await this.#data.commit(writes, lastRecord);
    } catch (error) {
      this.#fail(error as EmbeddedError);
      return;
    }
    // Later snapshots do without this map, so they need a reader that was opened after the commit.
    this.#flushing = null;
    this.#reader?.retire();
    this.#reader = null;
    this.#data.lmdb.resetReadTxn();
    this.#scheduleFlush();
  }

  async #flushAndClose(): Promise<void> {
    await this.#flushed;
    this.#flush();
    await this.#flushed;
    await this.#log.close();
    this.#reader?.retire();
    this.#reader = null;
    const { lastRecord } = this.#data;
    await this.#data.close();
    if (this.#failure === null) await noteClosed(this.#dataDir, lastRecord);
    await this.#unlock();
  }

  /** Reports a failure, once: the log and LMDB may fail at the same full disk. */
  #fail(failure: EmbeddedError): void {
    if (this.#failure !== null) return;
    this.#failure = failure;
    this.#tellFailure(failure);
  }

  #assertOpen(): void {
    if (this.#failure !== null) {
      throw this.#failure;
    }
    if (this.#closed !== null) throw closed();
  }
}

function closed(): EmbeddedError {
  return new EmbeddedError("storageClosed", "The store is closed.");
}
