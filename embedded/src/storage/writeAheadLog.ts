/*
 * The log that makes a write durable before LMDB has it: one sequential write to a file, where LMDB
 * has to write pages all over its own and to sync twice.
 *
 * There are two files. Writes go to one of them until `cut`, when LMDB begins to take over its
 * records; later writes go to the other. The next `cut` comes when LMDB has everything before the
 * last one, so that the first file is free to be written from its start again: its blocks are there
 * already, and a write that is synced need not touch its metadata.
 */

import { constants, writeSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedError } from "../errors.js";
import { LOG_FILES } from "./directory/directoryFiles.js";
import { syncDirectory } from "./directory/files.js";
import { readRecords, RecordBuilder, type LogRecord } from "./logRecords.js";
import type { WriteOp } from "./store.js";
import { writeFailed } from "./trouble.js";

/** Writes that a crash left in the log, for LMDB to take over before anything is appended. */
export interface Recovered {
  readonly log: WriteAheadLog;
  readonly records: readonly LogRecord[];
}

export class WriteAheadLog {
  readonly #dataDir: string;
  readonly #files: readonly [LogFile, LogFile];
  readonly #fsync: boolean;
  /** Batches not yet on their way to disk, oldest first; the last one takes in writes. */
  readonly #waiting: Batch[] = [];
  #current: LogFile;
  #isCut = true;
  #lastNumber: number;
  #writing: Promise<void> | null = null;
  #failure: EmbeddedError | null = null;

  /** Called with the reason when nothing can be appended any more. */
  onFailure: (failure: EmbeddedError) => void = () => {};

  private constructor(
    dataDir: string,
    files: readonly [LogFile, LogFile],
    lastNumber: number,
    fsync: boolean,
  ) {
    this.#dataDir = dataDir;
    this.#fsync = fsync;
    this.#files = files;
    this.#current = files[0];
    this.#lastNumber = lastNumber;
  }

  /**
   * Opens the log in `dataDir`.
   * @param after the number of the last record that LMDB has
   * @param options - `fsync`: whether what was appended outlives the machine, and not only the process
   * @throws EmbeddedError "storageFailed" where records are missing that LMDB lacks
   */
  static async open(
    dataDir: string,
    after: number,
    { fsync = true }: { fsync?: boolean } = {},
  ): Promise<Recovered> {
    const files = [
      await LogFile.open(join(dataDir, LOG_FILES[0]), fsync),
      await LogFile.open(join(dataDir, LOG_FILES[1]), fsync),
    ] as const;
    const log = new WriteAheadLog(dataDir, files, after, fsync);
    try {
      await syncDirectory(dataDir);
      const found = await Promise.all(files.map((file) => file.read(after)));
      const records = found.flat().sort((a, b) => a.number - b.number);
      assertWhole(records, after, dataDir);
      log.#lastNumber += records.length;
      return { log, records };
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** The reason why nothing can be appended any more. */
  get failure(): EmbeddedError | null {
    return this.#failure;
  }

  /** Appends writes; resolves when they are on disk, with all that were appended before them. */
  append(ops: readonly WriteOp[]): Promise<void> {
    const batch = this.#takingIn();
    batch.add(ops);
    this.#writing ??= this.#writeWaiting();
    return batch.durable;
  }

  /**
   * Ends the part of the log that LMDB takes over next; everything before the last cut must be in
   * LMDB.
   * @returns the number of the last record before the cut
   */
  cut(): number {
    this.#current = this.#files[this.#current === this.#files[0] ? 1 : 0];
    this.#isCut = true;
    return this.#lastNumber;
  }

  /** Fails all that is not on its way to disk yet, as the end of the process would. */
  abandon(failure: EmbeddedError): void {
    this.#failure = failure;
    for (const { reject } of this.#waiting.splice(0)) reject(failure);
  }

  /** Waits for the appended writes, whether they succeed or fail. */
  async close(): Promise<void> {
    await this.#writing;
    await Promise.all(this.#files.map((file) => file.close()));
  }

  #takingIn(): Batch {
    const last = this.#waiting.at(-1);
    if (last !== undefined && !this.#isCut) return last;
    this.#lastNumber += 1;
    const batch = new Batch(this.#lastNumber, this.#current, this.#isCut);
    this.#isCut = false;
    this.#waiting.push(batch);
    return batch;
  }

  async #writeWaiting(): Promise<void> {
    // Other writes of this event turn join the batch; where no disk is waited for, those of this moment.
    await (this.#fsync ? new Promise(setImmediate) : undefined);
    let batch: Batch | undefined;
    while ((batch = this.#waiting.shift()) !== undefined) {
      try {
        await batch.write();
      } catch (cause) {
        this.#failure = writeFailed(this.#dataDir, cause);
        this.onFailure(this.#failure);
        const lost = [batch, ...this.#waiting.splice(0)];
        for (const { reject } of lost) reject(this.#failure);
      }
    }
    this.#writing = null;
  }
}

/** Writes that reach the disk together, as one record. */
class Batch {
  readonly #writes: (readonly WriteOp[])[] = [];
  #count = 0;
  readonly durable: Promise<void>;
  readonly #number: number;
  readonly #file: LogFile;
  readonly #isFirst: boolean;
  reject!: (error: EmbeddedError) => void;
  #resolve!: () => void;

  /** @param isFirst whether the batch is written to the start of the file */
  constructor(number: number, file: LogFile, isFirst: boolean) {
    this.#number = number;
    this.#file = file;
    this.#isFirst = isFirst;
    this.durable = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.reject = reject;
    });
    // Callers that need the outcome await it; a failed batch must not also end the process.
    this.durable.catch(() => undefined);
  }

  add(ops: readonly WriteOp[]): void {
    this.#writes.push(ops);
    this.#count += ops.length;
  }

  async write(): Promise<void> {
    if (this.#isFirst) await this.#file.rewind();
    const record = new RecordBuilder();
    if (this.#count > OPS_AT_ONCE) await this.#addInTurns(record);
    else for (const ops of this.#writes) record.add(ops);
    await this.#file.append(record.finish(this.#number));
    this.#resolve();
  }

  async #addInTurns(record: RecordBuilder): Promise<void> {
    const all = this.#writes.flat();
    for (let from = 0; from < all.length; from += OPS_AT_ONCE) {
      if (from > 0) await new Promise(setImmediate);
      record.add(all.slice(from, from + OPS_AT_ONCE));
    }
  }
}

/** So many writes of a record are put together before others have the thread: a millisecond's. */
const OPS_AT_ONCE = 4_000;

/** Size to which a file is cut back after one great write made it longer. */
const KEPT_BYTES = 16 * 1_024 * 1_024;

const { O_RDWR, O_CREAT, O_DSYNC } = constants;

/**
 * Whether a write is on disk when it returns: on Linux it is for a file opened so, which saves a
 * call to sync it.
 */
const SYNCS_WRITES = process.platform === "linux";

class LogFile {
  readonly #handle: FileHandle;
  readonly #fsync: boolean;
  #end = 0;

  private constructor(handle: FileHandle, fsync: boolean) {
    this.#handle = handle;
    this.#fsync = fsync;
  }

  static async open(path: string, fsync: boolean): Promise<LogFile> {
    const flags = O_RDWR | O_CREAT | (fsync && SYNCS_WRITES ? O_DSYNC : 0);
    return new LogFile(await open(path, flags, 0o600), fsync);
  }

  async read(after: number): Promise<LogRecord[]> {
    const bytes = await this.#handle.readFile();
    this.#end = bytes.length;
    return [...readRecords(bytes, after)];
  }

  async rewind(): Promise<void> {
    if (this.#end > KEPT_BYTES) await this.#handle.truncate();
    this.#end = 0;
  }

  /** Resolves when the bytes are on disk; without `fsync`, when they are in a file. */
  async append(bytes: Buffer): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      // A disk that fills up takes a part first, and then fails.
      const bytesWritten = await this.#write(rest);
      this.#end += bytesWritten;
      rest = rest.subarray(bytesWritten);
    }
    if (this.#fsync && !SYNCS_WRITES) await this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** Writes what the disk takes at once. @returns how much that was */
  async #write(bytes: Buffer): Promise<number> {
    // What goes only to the system's memory is there sooner than another thread could have been asked.
    if (!this.#fsync) {
      return writeSync(this.#handle.fd, bytes, 0, bytes.length, this.#end);
    }
    const { length } = bytes;
    const written = await this.#handle.write(bytes, 0, length, this.#end);
    return written.bytesWritten;
  }
}

function assertWhole(
  records: readonly LogRecord[],
  after: number,
  dataDir: string,
): void {
  for (const [i, { number }] of records.entries()) {
    const expected = after + 1 + i;
    if (number === expected) continue;
    throw new EmbeddedError(
      "storageFailed",
      `The log in ${dataDir} goes on with record ${number}, but record ${expected} is missing or damaged: ` +
        "the disk, or somebody, changed its files, or data.lmdb is an older one. " +
        "Restore the whole directory, data.lmdb and both files of the log, from a backup. Nothing was changed.",
    );
  }
}
