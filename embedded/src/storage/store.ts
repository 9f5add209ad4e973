import { EmbeddedError } from "../errors.js";

/**
 * The interface under the database: ordered keys with atomic writes, snapshots and group-committed
 * durability.
 *
 * Keys are strings of which every char code is one byte (0 to 255). V8 stores them as bytes and
 * compares them with `<` in byte order without a call into native code; they also work as `Map`
 * keys, which buffers do not. Values are text.
 */
export type Key = string;

/** Prefix of the store's own keys; ranges end before them. */
export const STORE_OWN: Key = "\xff";

/** One change of a write: `value: null` deletes the key. */
export interface WriteOp {
  readonly key: Key;
  readonly value: string | null;
}

/** The result of a write: it is already visible, and `durable` resolves when it is on disk. */
export interface WriteReceipt {
  readonly durable: Promise<void>;
}

/** Keys from `lower` (inclusive) to `upper` (exclusive), downwards if `reverse`. */
export interface KeyRange {
  readonly lower: Key;
  readonly upper: Key;
  readonly reverse?: boolean;
}

export interface Entry {
  readonly key: Key;
  readonly value: string;
}

/** The store as it was when the snapshot was taken. It pins old pages until it is released. */
export interface Snapshot {
  get(key: Key): string | undefined;
  range(range: KeyRange): Iterable<Entry>;
  release(): void;
}

export interface Store {
  snapshot(): Snapshot;
  /** Writes atomically; every snapshot taken after it returns sees the writes. */
  write(ops: readonly WriteOp[]): WriteReceipt;
  /** Waits until everything written is on disk, then gives the directory up. */
  close(): Promise<void>;
}

/** The longest key a store takes, in bytes (LMDB with 4,096-byte pages). */
export const MAX_KEY_BYTES = 1978;

/**
 * Checks the keys of a write before any of it is taken in: a log with a key that LMDB refuses could
 * not be opened again.
 */
export function assertKeysFit(ops: readonly WriteOp[]): void {
  const tooLong = ops.find(({ key }) => key.length > MAX_KEY_BYTES);
  if (tooLong === undefined) return;
  throw new EmbeddedError(
    "internal",
    `A key of ${tooLong.key.length} bytes cannot be stored; at most ${MAX_KEY_BYTES} can.`,
  );
}

/** The least key greater than every key that starts with `prefix`. */
export function prefixEnd(prefix: Key): Key {
  for (let end = prefix.length; end > 0; end -= 1) {
    const byte = prefix.charCodeAt(end - 1);
    if (byte < 0xff) {
      return prefix.slice(0, end - 1) + String.fromCharCode(byte + 1);
    }
  }
  throw new RangeError("no key is greater than a prefix of only 0xff bytes");
}
