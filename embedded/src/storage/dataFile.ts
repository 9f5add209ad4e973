import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { open, type RootDatabase } from "lmdb";
import { inOrderOfPages } from "./fullPages.js";
import { DATA_FILE } from "./directory/directoryFiles.js";
import type { Writes } from "./sortedWrites.js";
import { STORE_OWN, type Key } from "./store.js";
import { writeFailed } from "./trouble.js";

/** Key under which LMDB has the number of the last log record whose writes it holds. */
const LAST_RECORD_KEY: Key = `${STORE_OWN}lastRecord`;

/** Key that LMDB has where a state file was ever written, see `directory/stateFile.ts`. */
const HAS_STATE_KEY: Key = `${STORE_OWN}hasState`;

/**
 * Address space for the data file, not memory or disk. lmdb grows a smaller map by mapping the file
 * anew beside the old one, and pages touched through both count twice in the process's size.
 */
const MAP_BYTES = 64 * 1_024 ** 3;

/** Limit for the rest of a close after a commit that failed. */
const CLOSE_FAILED_MS = 1_000;

/** The LMDB environment in a data directory. */
export class DataFile {
  readonly lmdb: RootDatabase<string, Key>;
  readonly #dataDir: string;
  #hasFailed = false;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.lmdb = open<string, Key>({
      path: join(dataDir, DATA_FILE),
      encoding: "string",
      keyEncoder: byteStringKeys,
      // Every group is one explicit batch already.
      eventTurnBatching: false,
      // One process owns the directory, so only its own snapshots count.
      maxReaders: 512,
      mapSize: MAP_BYTES,
    });
  }

  /** Number of the last log record whose writes are in LMDB; 0 before the first. */
  get lastRecord(): number {
    return Number(this.lmdb.get(LAST_RECORD_KEY) ?? 0);
  }

  /** Whether the directory has had a state file, so that it must have one. */
  get hasState(): boolean {
    return this.lmdb.get(HAS_STATE_KEY) !== undefined;
  }

  /** Notes that the directory has a state file; resolves when that is on disk. */
  async noteState(): Promise<void> {
    await this.lmdb.put(HAS_STATE_KEY, "1");
    await this.lmdb.flushed;
  }

  /**
   * Resolves when the writes are on disk, all of them or, after a crash, none.
   *
   * `overlappingSync`, lmdb's default, writes pages, then their meta page, syncs,
   * and then marks that state as synced in a third meta page; pages of the synced
   * state are not reused before the next one. `flushed` resolves after the mark.
   *
   * @param lastRecord number of the log's last record among them
   * @throws EmbeddedError "storageFailed"
   */
  async commit(writes: Writes, lastRecord: number): Promise<void> {
    const { lmdb } = this;
    // Mostly one and the same promise, but each distinct one would end the process if it were
    // rejected with nobody waiting for it.
    const outcomes = new Set<Promise<unknown>>();
    try {
      lmdb.resetReadTxn();
      const ordered = inOrderOfPages(lmdb, writes);
      const committed = lmdb.batch(() => {
        for (const { key, value } of ordered) {
          outcomes.add(
            value === null ? lmdb.remove(key) : lmdb.put(key, value),
          );
        }
        outcomes.add(lmdb.put(LAST_RECORD_KEY, String(lastRecord)));
      });
      await Promise.all([committed, ...outcomes]);
      await lmdb.flushed;
    } catch (error) {
      this.#hasFailed = true;
      throw writeFailed(this.#dataDir, await rootCause(error));
    }
  }

  /**
   * Closes the environment. lmdb waits for all commits, also for one that has failed and never
   * ends.
   */
  async close(): Promise<void> {
    const closed = this.lmdb.close();
    if (!this.#hasFailed) return closed;
    await Promise.race([closed, setTimeout(CLOSE_FAILED_MS)]);
  }
}

/** The reason of a failed commit: lmdb's error carries it as a second rejection. */
async function rootCause(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && "commitError" in error)) {
    return error;
  }
  return Promise.resolve(error.commitError).then(
    () => error,
    (reason: unknown) => reason,
  );
}

const byteStringKeys = {
  writeKey(key: Key, target: Buffer, start: number): number {
    return start + target.write(key, start, "latin1");
  },
  readKey(source: Buffer, start: number, end: number): Key {
    return source.toString("latin1", start, end);
  },
};
