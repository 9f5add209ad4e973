import { createHash, randomUUID } from "node:crypto";
import type { Clock } from "../clock.js";
import type { Database } from "../database/database.js";
import { GONE_FILES } from "../database/records/retired.js";
import type { Transaction } from "../database/transactions/transaction.js";
import { EmbeddedError, isStoreGone } from "../errors.js";
import type { FileDisk } from "./fileDisk.js";
import { addFile, isNamed, type StoredFile } from "./rows.js";
import { UploadTokens } from "./uploadTokens.js";

export interface StoredFilesOptions {
  readonly database: Database;
  readonly disk: FileDisk;
  readonly clock: Clock;
  /** Signs upload tokens. */
  readonly secret: Buffer;
  /** Address of the API, in URLs of files. */
  readonly cloudUrl: () => string;
  /** Receives what went wrong beside any call. */
  readonly log: (line: string) => void;
}

/** Bytes on disk that no row names yet. */
export interface Draft {
  readonly storageKey: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Files that one commit forgets after their bytes were removed. */
const REMOVE_BATCH = 500;

/**
 * Stored files: rows in `_storage` and bytes on disk. Bytes are written before a row names them, and
 * removed after the commit that removed their row is on disk, so that neither is ever without the
 * other, whenever the process ends.
 */
export class StoredFiles {
  readonly tokens: UploadTokens;
  readonly #options: StoredFilesOptions;
  readonly #stopListening: () => void;
  #removing: Promise<void> | undefined;
  /** Whether files were named as gone since the last look. */
  #mustRemove = false;
  #holds = 0;
  #isClosed = false;

  constructor(options: StoredFilesOptions) {
    this.#options = options;
    this.tokens = new UploadTokens(options.secret);
    this.#stopListening = options.database.onCommit(({ writes }) => {
      if (writes.hasMeta(GONE_FILES)) this.#startRemoving();
    });
  }

  /** Settles or removes what the process before left in between. */
  async recover(): Promise<void> {
    const { database, disk } = this.#options;
    for (const key of await disk.unsettled()) {
      const snapshot = database.read();
      const named = isNamed(snapshot, key);
      snapshot.release();
      await (named ? disk.settle(key) : disk.remove(key));
    }
    this.#startRemoving();
  }

  /** Waits for the removals under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    await this.#removing;
  }

  uploadUrl(componentPath: string, nowMs: number): string {
    const token = this.tokens.issue(componentPath, nowMs);
    return `${this.#options.cloudUrl()}/api/storage/upload?token=${token}`;
  }

  url(componentPath: string, { storageId }: StoredFile): string {
    const query =
      componentPath === ""
        ? ""
        : `?component=${encodeURIComponent(componentPath)}`;
    return `${this.#options.cloudUrl()}/api/storage/${storageId}${query}`;
  }

  /**
   * Stores a file in a transaction of its own and returns its id, once both are on disk.
   * @throws EmbeddedError "invalidArgument" where its SHA-256, in base64, is not the given one;
   * "fileNotStored"
   */
  async store(
    componentPath: string,
    source: AsyncIterable<Uint8Array>,
    {
      contentType,
      sha256,
    }: { contentType: string | null; sha256?: string | undefined },
  ): Promise<string> {
    const { database } = this.#options;
    const draft = await this.write(source, sha256);
    try {
      const { value: id, durable } = await database.write((tx) =>
        addFile(tx, componentPath, { ...draft, contentType }),
      );
      await durable;
      await this.settle(draft.storageKey);
      return id;
    } catch (error) {
      // Where the store is gone nobody knows what became of the row: the next start does.
      if (!isStoreGone(error)) await this.discard(draft);
      throw error;
    }
  }

  /**
   * Writes a file that a row is to name next; {@link settle}, {@link settleAfter} or
   * {@link discard} has to follow.
   */
  async write(
    source: AsyncIterable<Uint8Array>,
    expectedSha256?: string,
  ): Promise<Draft> {
    const { disk, log } = this.#options;
    const storageKey = randomUUID();
    const hash = createHash("sha256");
    let sizeBytes = 0;
    const counted = async function* () {
      for await (const chunk of source) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        yield chunk;
      }
    };
    await disk.write(storageKey, counted()).catch((error: unknown) => {
      if (error instanceof EmbeddedError && error.code === "fileNotStored")
        log(`${error.message} ${String(error.cause)}`);
      throw error;
    });
    const sha256 = hash.digest("base64");
    if (expectedSha256 !== undefined && expectedSha256 !== sha256) {
      await disk.remove(storageKey);
      throw new EmbeddedError(
        "invalidArgument",
        `Sha256 mismatch. Expected: ${expectedSha256} Actual: ${sha256}`,
      );
    }
    return { storageKey, sha256, sizeBytes };
  }

  /** Settles a file whose row is on disk. */
  async settle(storageKey: string): Promise<void> {
    const { disk, log } = this.#options;
    await disk.settle(storageKey).catch((error: unknown) => {
      // It is read where it is, and the next start tries again.
      log(
        `A stored file could not be moved to its place yet: ${String(error)}`,
      );
    });
  }

  /** Removes a file that no row names. */
  async discard({ storageKey }: Pick<Draft, "storageKey">): Promise<void> {
    await this.#options.disk.remove(storageKey);
  }

  /** Settles a file once the transaction that names it is on disk; discards it if that never is. */
  settleAfter(tx: Transaction, draft: Draft): void {
    tx.onEnd(() => {
      this.#settleIfNamed(draft).catch((error: unknown) => {
        if (!isStoreGone(error))
          this.#options.log(`A stored file was left over: ${String(error)}`);
      });
    });
  }

  /** The bytes of a file from `start` to `end`; null where they were removed meanwhile. */
  async open(
    { id, storageKey, sizeBytes }: StoredFile,
    start = 0,
    end = sizeBytes,
  ): Promise<ReadableStream<Uint8Array> | null> {
    const { database, disk, log } = this.#options;
    const stream = await disk.open(storageKey, start, end);
    if (stream === null) {
      const snapshot = database.read();
      if (isNamed(snapshot, storageKey))
        log(
          `The bytes of the stored file ${id} are missing in the data directory. Put its folder "files" back.`,
        );
      snapshot.release();
    }
    return stream;
  }

  /** Keeps the bytes of files that are removed until the returned function is called. */
  hold(): () => void {
    this.#holds += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds -= 1;
      this.#startRemoving();
    };
  }

  async #settleIfNamed(draft: Draft): Promise<void> {
    const { database } = this.#options;
    const snapshot = database.read();
    const named = isNamed(snapshot, draft.storageKey);
    snapshot.release();
    if (!named) return this.discard(draft);
    await database.whenDurable(snapshot.ts);
    await this.settle(draft.storageKey);
  }

  #startRemoving(): void {
    this.#mustRemove = true;
    this.#removing ??= this.#removeAll()
      .catch((error: unknown) => {
        // The next start, or the next file that goes, tries again.
        if (!isStoreGone(error))
          this.#options.log(
            `Files whose rows are gone could not be removed: ${String(error)}`,
          );
      })
      .finally(() => {
        this.#removing = undefined;
      });
  }

  async #removeAll(): Promise<void> {
    while (this.#mustRemove && this.#holds === 0 && !this.#isClosed) {
      this.#mustRemove = false;
      await this.#removeGone();
    }
  }

  async #removeGone(): Promise<void> {
    const { database, disk } = this.#options;
    while (this.#holds === 0 && !this.#isClosed) {
      const snapshot = database.read();
      const gone = [
        ...snapshot.meta.range(GONE_FILES, { limit: REMOVE_BATCH }),
      ].map(({ key }) => key);
      snapshot.release();
      if (gone.length === 0) return;
      await database.whenDurable(snapshot.ts);
      for (const key of gone) {
        await disk.remove(key.slice(GONE_FILES.length));
      }
      await database.write((tx) => {
        for (const key of gone) tx.meta.delete(key);
      });
    }
  }
}
