import type { JSONValue } from "convex/values";
import type { Key } from "../../storage/store.js";
import { EmbeddedError } from "../../errors.js";

/**
 * Leading byte of each type in the encoding of Convex values as bytes, whose order is Convex's
 * order: undefined < null < int64 < float64 < boolean < string < bytes < array < object. An
 * encoding is never a prefix of another one, so encodings can be chained into index keys and a
 * chain of them bounds every key that begins with it.
 */
const TAG = {
  end: "\x00",
  undefined: "\x01",
  null: "\x02",
  int64: "\x03",
  float64: "\x04",
  false: "\x05",
  true: "\x06",
  string: "\x07",
  bytes: "\x08",
  array: "\x09",
  object: "\x0a",
} as const;

export const FLOAT64_TAG = TAG.float64;
export const STRING_TAG = TAG.string;

/** Encodes Convex JSON; JavaScript's undefined and `{$undefined: null}` are a missing field. */
export function encodeValue(value: JSONValue | undefined): Key {
  switch (typeof value) {
    case "undefined":
      return TAG.undefined;
    case "string":
      return encodeString(value);
    case "number":
      return TAG.float64 + encodeFloat64(value);
    case "boolean":
      return value ? TAG.true : TAG.false;
    case "object":
      return value === null ? TAG.null : encodeContainer(value);
    default:
      return value satisfies never;
  }
}

function encodeContainer(value: JSONValue[] | Record<string, JSONValue>): Key {
  if (Array.isArray(value)) {
    return TAG.array + value.map(encodeValue).join("") + TAG.end;
  }
  const keys = Object.keys(value);
  const special = keys.length === 1 ? keys[0] : undefined;
  if (special?.startsWith("$") === true) {
    return encodeSpecial(special, value[special]);
  }
  const fields = keys
    .sort()
    .map((key) => encodeString(key) + encodeValue(value[key]));
  return TAG.object + fields.join("") + TAG.end;
}

function encodeSpecial(kind: string, payload: JSONValue | undefined): Key {
  if (kind === "$undefined") {
    return TAG.undefined;
  }
  if (kind === "$commitTs" && payload === null) {
    return LATEST_INT64;
  }
  if (typeof payload === "string") {
    switch (kind) {
      case "$integer":
        return TAG.int64 + encodeInt64(decodeBase64(payload, 8));
      case "$float":
        return (
          TAG.float64 + encodeFloat64(decodeBase64(payload, 8).readDoubleLE(0))
        );
      case "$bytes":
        return TAG.bytes + terminate(decodeBase64(payload).toString("latin1"));
    }
  }
  throw new EmbeddedError(
    "invalidValue",
    `${JSON.stringify({ [kind]: payload ?? null })} is not a Convex value: ` +
      `field names starting with '$' are reserved.`,
  );
}

/** Encoding of a commit's time that is not known yet: it is later than any other. */
const LATEST_INT64 = `${TAG.int64}${"\xff".repeat(8)}`;

const float64 = new DataView(new ArrayBuffer(8));

/**
 * Encodes as eight bytes in the total order of floats: flips the sign bit, or all bits of a
 * negative.
 */
export function encodeFloat64(value: number): Key {
  float64.setFloat64(0, value);
  let high = float64.getUint32(0);
  let low = float64.getUint32(4);
  if (high >= 0x80000000) {
    high = ~high;
    low = ~low;
  } else {
    high ^= 0x80000000;
  }
  return encodeUint32(high) + encodeUint32(low);
}

/** Encodes as four bytes, big-endian; takes the low 32 bits of any number. */
export function encodeUint32(value: number): Key {
  return String.fromCharCode(
    value >>> 24,
    (value >>> 16) & 0xff,
    (value >>> 8) & 0xff,
    value & 0xff,
  );
}

function encodeInt64(littleEndian: Buffer): Key {
  const bytes = littleEndian.reverse();
  bytes.writeUInt8(bytes.readUInt8(0) ^ 0x80, 0);
  return bytes.toString("latin1");
}

/** Encodes as tag, UTF-8 bytes, terminator. */
export function encodeString(text: string): Key {
  const utf8 = PLAIN_ASCII.test(text)
    ? text
    : Buffer.from(text, "utf8").toString("latin1");
  return TAG.string + terminate(utf8);
}

// eslint-disable-next-line no-control-regex -- the control characters are the point
const PLAIN_ASCII = /^[\x01-\x7f]*$/;

/** Escapes zero bytes, so that the terminator sorts below every continuation. */
function terminate(bytes: Key): Key {
  const escaped = bytes.includes("\x00")
    ? bytes.replaceAll("\x00", "\x00\xff")
    : bytes;
  return `${escaped}\x00\x01`;
}

function decodeBase64(text: string, expectedBytes?: number): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (expectedBytes !== undefined && bytes.length !== expectedBytes) {
    throw new EmbeddedError(
      "invalidValue",
      `Received ${bytes.length} bytes, expected ${expectedBytes}, in ${JSON.stringify(text)}.`,
    );
  }
  return bytes;
}
