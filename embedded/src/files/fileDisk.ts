/** Form of a storage key, the name of a file's bytes on disk. */
export const STORAGE_KEY =
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Where the bytes of files are, by their storage keys. A file is written before a row names it, and
 * is unsettled until that row is on disk: whoever starts next looks at unsettled files only.
 */
export interface FileDisk {
  /**
   * Writes a new file, unsettled, and syncs it. Nothing is left of one whose source fails.
   * @throws EmbeddedError "fileNotStored" where the disk refuses it
   */
  write(key: string, source: AsyncIterable<Uint8Array>): Promise<void>;
  /** Settles a file whose row is on disk; does nothing where it is settled. */
  settle(key: string): Promise<void>;
  /** Keys of the unsettled files. */
  unsettled(): Promise<string[]>;
  /**
   * Opens a file's bytes from `start` (inclusive) to `end` (exclusive), of which one piece at a time
   * is read, when it is asked for; null if there is no such file.
   */
  open(
    key: string,
    start: number,
    end: number,
  ): Promise<ReadableStream<Uint8Array> | null>;
  /** Removes a file, settled or not, if it is there. */
  remove(key: string): Promise<void>;
}
