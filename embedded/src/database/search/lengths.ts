/**
 * The lengths of texts in one byte, as Tantivy has them: up to 40 terms exactly, then in steps of an
 * eighth to a sixteenth.
 */

/** Byte of the longest length that is not above `terms`. */
export function lengthByte(terms: number): number {
  let low = 0;
  let high = 255;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (lengthOf(middle) <= terms) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The length that a byte stands for, in terms. */
export function lengthOf(byte: number): number {
  if (byte < EXACT) return byte;
  const step = byte - EXACT;
  const shift = (step >>> 3) - 1;
  return EXACT + (shift < 0 ? step : ((step & 7) | 8) * 2 ** shift);
}

const EXACT = 24;
