/*
 * Record of the scheduled mutations under way, which tells the next process how this one ended. A
 * mutation that ends its process leaves nothing in the database, and would be run again by every
 * start.
 *
 * The record is one small file in the data directory, written before and after each such mutation
 * and never synced: writes outlive their process, though not the machine, whose end is no job's
 * fault.
 */

import {
  closeSync,
  existsSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** How the previous process ended. */
export interface Before {
  /** Whether the process had got so far as to run jobs. */
  readonly hadStarted: boolean;
  /** Keys of the jobs that were under way. */
  readonly keys: readonly string[];
  /** Whether the watchdog ended the process, having seen code that looped. */
  readonly wasStuck: boolean;
}

/**
 * Size of the record, a page of memory: written at once or not at all, wherever the process ends.
 * Keys are shorter than 100 bytes, and no more are under way than the lanes' parallelism.
 */
const RECORD_BYTES = 4_096;
const NOT_STARTED = "-";
const STARTED = "+";

/** File in which the watchdog notes that it ended the process. */
export function verdictFile(dataDir: string): string {
  return join(dataDir, "ended-stuck");
}

export class UnderWay {
  readonly before: Before;
  readonly #file: number;
  readonly #verdict: string;
  readonly #keys = new Set<string>();
  #isStarted = false;
  #isClosed = false;

  constructor(dataDir: string) {
    this.#verdict = verdictFile(dataDir);
    const path = join(dataDir, "job-under-way");
    this.#file = openSync(path, existsSync(path) ? "r+" : "w+", 0o600);
    const record = Buffer.alloc(RECORD_BYTES);
    readSync(this.#file, record, 0, RECORD_BYTES, 0);
    const text = record.toString("latin1").replaceAll("\0", "").trimEnd();
    this.before = {
      hadStarted: text.startsWith(STARTED),
      keys: text.slice(1).split(" ").filter(Boolean),
      wasStuck: existsSync(this.#verdict),
    };
  }

  /**
   * Clears the record of the previous process, which is known by now, so that it is not counted
   * again.
   */
  forget(): void {
    this.#write(NOT_STARTED);
    rmSync(this.#verdict, { force: true });
  }

  start(): void {
    this.#isStarted = true;
    this.#write(STARTED);
  }

  begin(key: string): void {
    if (!this.#keys.has(key)) this.#note(this.#keys.add(key));
  }

  end(key: string): void {
    if (this.#keys.delete(key)) this.#note(this.#keys);
  }

  /** Ends the record. A mutation that closing interrupts did not end the process. */
  close(): void {
    if (this.#isStarted) this.#write(STARTED);
    this.#isClosed = true;
    closeSync(this.#file);
  }

  #note(keys: ReadonlySet<string>): void {
    this.#write(STARTED + [...keys].join(" "));
  }

  #write(text: string): void {
    if (this.#isClosed) return;
    writeSync(this.#file, text.padEnd(RECORD_BYTES), 0, "latin1");
  }
}
