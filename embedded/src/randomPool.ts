import { randomFillSync } from "node:crypto";

/**
 * Random bytes in store. Asking the system costs microseconds whatever the amount, so it is asked
 * for many at once.
 */
const pool = Buffer.alloc(4096);
let offset = pool.length;

/** Unguessable bytes as text: `latin1` has one character a byte. */
export function randomText(
  bytes: number,
  encoding: "latin1" | "hex" = "latin1",
): string {
  if (offset + bytes > pool.length) {
    randomFillSync(pool);
    offset = 0;
  }
  offset += bytes;
  return pool.toString(encoding, offset - bytes, offset);
}
