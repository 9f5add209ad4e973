import { randomText } from "../../randomPool.js";
import type { Key } from "../../storage/store.js";
import { encodeFloat64 } from "./valueEncoding.js";

/**
 * Document ids as Convex writes them: base32 (Crockford, lower case) of the
 * table's number as a varint, 16 bytes, and a Fletcher-16 checksum.
 *
 * Convex's 16 bytes are random. Ours begin with the creation time, so that the
 * documents of a table lie in creation order: they need no separate index for
 * it, and rows created together, which expire together, share pages. The other
 * 64 bits are random, so an id stays unguessable.
 */
export interface DocumentId {
  tableNumber: number;
  /** The 16 bytes of the id. */
  raw: Key;
}

export const RAW_ID_BYTES = 16;

export function newRawId(creationTime: number): Key {
  return encodeFloat64(creationTime) + randomText(8);
}

export function encodeId(tableNumber: number, raw: Key): string {
  const body = encodeVarint(tableNumber) + raw;
  const checksum = fletcher16(body);
  return toBase32(body + String.fromCharCode(checksum & 0xff, checksum >>> 8));
}

/** Parts of an id, or the reason why the text is none. */
export function decodeId(text: string): DocumentId | { problem: string } {
  const lengthProblem = {
    problem: `Unable to decode ID: Invalid ID length ${text.length}`,
  };
  if (text.length < MIN_ID_LENGTH || text.length > MAX_ID_LENGTH) {
    return lengthProblem;
  }
  const bytes = fromBase32(text);
  if (bytes === null) {
    return { problem: `Unable to decode ID: Invalid character in ${text}` };
  }
  const { value: tableNumber, length } = decodeVarint(bytes);
  const raw = bytes.slice(length, length + RAW_ID_BYTES);
  if (tableNumber === 0 || bytes.length !== length + RAW_ID_BYTES + 2) {
    return lengthProblem;
  }
  // Encoding again checks the checksum and that the spelling is the canonical one.
  if (encodeId(tableNumber, raw) !== text) {
    return { problem: `Unable to decode ID: Invalid checksum in ${text}` };
  }
  return { tableNumber, raw };
}

/**
 * The least raw id whose text, in this table, is at or above `bound` by `isBelow`; null when every
 * id is below. Ids and their text sort alike, so a search bit by bit finds it.
 */
export function firstRawIdNotBelow(
  tableNumber: number,
  isBelow: (id: string) => boolean,
): Key | null {
  if (isBelow(encodeId(tableNumber, "\xff".repeat(RAW_ID_BYTES)))) {
    return null;
  }
  const bytes = new Array<number>(RAW_ID_BYTES).fill(0);
  if (!isBelow(encodeId(tableNumber, String.fromCharCode(...bytes)))) {
    return String.fromCharCode(...bytes);
  }
  // Invariant: the id in `bytes` is below the bound; set every bit that keeps it so.
  for (let bit = 0; bit < RAW_ID_BYTES * 8; bit += 1) {
    const at = bit >>> 3;
    const mask = 0x80 >>> (bit & 7);
    const before = bytes[at] ?? 0;
    bytes[at] = before | mask;
    if (!isBelow(encodeId(tableNumber, String.fromCharCode(...bytes)))) {
      bytes[at] = before;
    }
  }
  return increment(bytes);
}

function increment(bytes: number[]): Key {
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    const byte = bytes[at] ?? 0;
    if (byte < 0xff) {
      bytes[at] = byte + 1;
      break;
    }
    bytes[at] = 0;
  }
  return String.fromCharCode(...bytes);
}

function encodeVarint(value: number): Key {
  let rest = value;
  let out = "";
  while (rest >= 0x80) {
    out += String.fromCharCode((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return out + String.fromCharCode(rest);
}

function decodeVarint(bytes: Key): { value: number; length: number } {
  let value = 0;
  for (let i = 0; i < 5; i += 1) {
    const byte = bytes.charCodeAt(i);
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      return { value, length: i + 1 };
    }
  }
  return { value: 0, length: 5 };
}

function fletcher16(bytes: Key): number {
  let low = 0;
  let high = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    low = (low + bytes.charCodeAt(i)) & 0xff;
    high = (high + low) & 0xff;
  }
  return (high << 8) | low;
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
/** Codes of the characters by their digits. */
const CHARACTERS = Uint8Array.from(ALPHABET, (char) => char.charCodeAt(0));
/** Digits by the code of their character; -1 for characters that no id has. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) =>
  ALPHABET.indexOf(String.fromCharCode(code)),
);

/** Length of an id's text with a varint of one to five bytes, 16 bytes, and two of checksum. */
const MIN_ID_LENGTH = Math.ceil(((1 + RAW_ID_BYTES + 2) * 8) / 5);
const MAX_ID_LENGTH = Math.ceil(((5 + RAW_ID_BYTES + 2) * 8) / 5);

function toBase32(bytes: Key): string {
  const codes: number[] = [];
  const add = (digit: number) => codes.push(CHARACTERS[digit & 31] ?? 0);
  let bits = 0;
  let pending = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    pending = ((pending << 8) | bytes.charCodeAt(i)) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      add(pending >>> bits);
    }
  }
  if (bits > 0) add(pending << (5 - bits));
  return String.fromCharCode(...codes);
}

function fromBase32(text: string): Key | null {
  const codes: number[] = [];
  let bits = 0;
  let pending = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = DIGITS[text.charCodeAt(i)] ?? -1;
    if (digit < 0) {
      return null;
    }
    pending = ((pending << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      codes.push((pending >>> bits) & 0xff);
    }
  }
  return String.fromCharCode(...codes);
}
