/*
 * Format of a log file: records one after the other, each from a block of its own, so that no write
 * touches a block that holds an acknowledged record.
 *
 *   8 bytes  number of the record, one more than that of the record before
 *   4 bytes  size of the body
 *  32 bytes  digest of the above and the body
 *   body     for each operation: 2 bytes size of the key, 4 bytes size of the
 *            value or DELETED, the key, the value
 *
 * A file is written again from its start, so that behind its last record older ones may follow,
 * with lower numbers. A record that a crash tore fails its digest.
 */

import { createHash } from "node:crypto";
import type { WriteOp } from "./store.js";

/** A record as it is read back. */
export interface LogRecord {
  readonly number: number;
  readonly ops: readonly WriteOp[];
}

/** Size that disks and file systems write as a whole. */
const BLOCK_BYTES = 4_096;

const NUMBER_AT = 0;
const SIZE_AT = 8;
const DIGEST_AT = 12;
const HEADER_BYTES = 44;
const OP_HEADER_BYTES = 6;
const DELETED = 0xffffffff;

/** Builds one record from many writes. */
export class RecordBuilder {
  #bytes = Buffer.allocUnsafe(BLOCK_BYTES);
  #end = HEADER_BYTES;

  add(ops: readonly WriteOp[]): void {
    // At once for all of them, and for the end of the last block.
    this.#reserve(mostBytes(ops) + BLOCK_BYTES);
    for (const { key, value } of ops) {
      const keyAt = this.#end + OP_HEADER_BYTES;
      const valueAt = keyAt + this.#bytes.write(key, keyAt, "latin1");
      this.#bytes.writeUInt16LE(key.length, this.#end);
      const valueBytes =
        value === null ? DELETED : this.#bytes.write(value, valueAt, "utf8");
      this.#bytes.writeUInt32LE(valueBytes, this.#end + 2);
      this.#end = valueAt + (value === null ? 0 : valueBytes);
    }
  }

  /** The record in whole blocks; nothing may be added afterwards. */
  finish(number: number): Buffer {
    const blocks = Math.ceil(this.#end / BLOCK_BYTES);
    this.#reserve(blocks * BLOCK_BYTES - this.#end);
    this.#bytes.fill(0, this.#end, blocks * BLOCK_BYTES);
    this.#bytes.writeDoubleLE(number, NUMBER_AT);
    this.#bytes.writeUInt32LE(this.#end - HEADER_BYTES, SIZE_AT);
    digestOf(this.#bytes.subarray(0, this.#end)).copy(this.#bytes, DIGEST_AT);
    return this.#bytes.subarray(0, blocks * BLOCK_BYTES);
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}

/** The most bytes that the operations may take: a UTF-16 unit is at most three of UTF-8. */
function mostBytes(ops: readonly WriteOp[]): number {
  let bytes = 0;
  for (const { key, value } of ops) {
    bytes += OP_HEADER_BYTES + key.length + 3 * (value?.length ?? 0);
  }
  return bytes;
}

/**
 * The records of a file with numbers above `after`, in order. Torn records, and those older than
 * the record before them, are left out.
 */
export function* readRecords(file: Buffer, after: number): Iterable<LogRecord> {
  let previous = after;
  let at = 0;
  while (at + HEADER_BYTES <= file.length) {
    const record = recordAt(file, at, previous);
    if (record === undefined) {
      at += BLOCK_BYTES;
      continue;
    }
    const number = record.readDoubleLE(NUMBER_AT);
    yield { number, ops: [...readOps(record.subarray(HEADER_BYTES))] };
    previous = number;
    at += Math.ceil(record.length / BLOCK_BYTES) * BLOCK_BYTES;
  }
}

/** The whole record that begins at this offset with a number above `previous`, if any. */
function recordAt(
  file: Buffer,
  at: number,
  previous: number,
): Buffer | undefined {
  const end = at + HEADER_BYTES + file.readUInt32LE(at + SIZE_AT);
  if (!(file.readDoubleLE(at + NUMBER_AT) > previous) || end > file.length) {
    return undefined;
  }
  const record = file.subarray(at, end);
  const digest = record.subarray(DIGEST_AT, HEADER_BYTES);
  return digest.equals(digestOf(record)) ? record : undefined;
}

function* readOps(body: Buffer): Iterable<WriteOp> {
  let at = 0;
  while (at < body.length) {
    const keyAt = at + OP_HEADER_BYTES;
    const valueAt = keyAt + body.readUInt16LE(at);
    const valueBytes = body.readUInt32LE(at + 2);
    const key = body.toString("latin1", keyAt, valueAt);
    at = valueAt + (valueBytes === DELETED ? 0 : valueBytes);
    const value =
      valueBytes === DELETED ? null : body.toString("utf8", valueAt, at);
    yield { key, value };
  }
}

function digestOf(record: Buffer): Buffer {
  return createHash("sha256")
    .update(record.subarray(NUMBER_AT, DIGEST_AT))
    .update(record.subarray(HEADER_BYTES))
    .digest();
}
