import type { JSONValue } from "convex/values";
import {
  MAX_KEY_BYTES,
  prefixEnd,
  type Key,
  type KeyRange,
} from "../../storage/store.js";
import type { Index } from "./catalog.js";
import { fieldValue } from "../values/fieldPath.js";
import { RAW_ID_BYTES } from "../values/ids.js";
import { HEAD_BYTES } from "./keyspace.js";
import { encodeValue } from "../values/valueEncoding.js";
import type { View } from "./view.js";

/**
 * Limit for the fields in an index entry. An entry has head, encoded fields, raw id. Where the
 * fields are longer than a key may be, the key holds their beginning and the id, and the value
 * holds the rest of the fields; entries that share such a beginning lie together and are put in
 * order when they are read.
 */
const MAX_FIELD_BYTES = MAX_KEY_BYTES - HEAD_BYTES - RAW_ID_BYTES;
const MAX_BEGINNING = HEAD_BYTES + MAX_FIELD_BYTES;

/** The whole key of a document in an index, however long. */
export function indexKey(
  index: Index,
  fields: Record<string, JSONValue>,
  rawId: Key,
): Key {
  let key = index.head;
  for (const path of index.paths) {
    key += encodeValue(fieldValue(fields, path));
  }
  return key + rawId;
}

/** The stored entry for a whole key. */
export function storedEntry(key: Key): { key: Key; value: string } {
  if (key.length <= MAX_KEY_BYTES) {
    return { key, value: "" };
  }
  const rawId = key.slice(-RAW_ID_BYTES);
  return {
    key: key.slice(0, MAX_BEGINNING) + rawId,
    value: key.slice(MAX_BEGINNING, -RAW_ID_BYTES),
  };
}

/**
 * The whole keys for which a stored key may stand: itself, or, if it may be shortened, all that
 * begin with it.
 */
export function wholeKeys(stored: Key): { lower: Key; upper: Key } {
  if (stored.length < MAX_KEY_BYTES) {
    return { lower: stored, upper: `${stored}\x00` };
  }
  const beginning = stored.slice(0, MAX_BEGINNING);
  return { lower: beginning, upper: prefixEnd(beginning) };
}

/** The whole keys of an index between two whole keys, in order. */
export function* readIndex(view: View, range: KeyRange): Iterable<Key> {
  let group: Key[] = [];
  let beginning: Key | null = null;
  for (const { key, value } of view.range(storedRange(range))) {
    if (beginning !== null && !key.startsWith(beginning)) {
      yield* inOrder(group, range);
      group = [];
      beginning = null;
    }
    if (value === "") {
      yield key;
    } else {
      beginning = key.slice(0, MAX_BEGINNING);
      group.push(beginning + value + key.slice(MAX_BEGINNING));
    }
  }
  yield* inOrder(group, range);
}

/** The part of the store that holds every whole key of the range, and perhaps a few more. */
export function storedRange({
  lower,
  upper,
  reverse = false,
}: KeyRange): KeyRange {
  return {
    lower: lower.slice(0, MAX_BEGINNING),
    upper:
      upper.length > MAX_BEGINNING
        ? prefixEnd(upper.slice(0, MAX_BEGINNING))
        : upper,
    reverse,
  };
}

function inOrder(keys: Key[], { lower, upper, reverse }: KeyRange): Key[] {
  if (keys.length === 0) return keys;
  const within = keys.filter((key) => key >= lower && key < upper).sort();
  return reverse === true ? within.reverse() : within;
}
