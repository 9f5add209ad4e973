import { createHash } from "node:crypto";
import type { JSONValue } from "convex/values";
import type { Key } from "../../storage/store.js";
import { fieldValue } from "../values/fieldPath.js";
import { RAW_ID_BYTES } from "../values/ids.js";
import {
  encodeFloat64,
  encodeUint32,
  encodeValue,
} from "../values/valueEncoding.js";
import { lengthByte } from "./lengths.js";
import type { SearchIndex } from "./searchIndex.js";
import { termsOf } from "./tokenizer.js";

/*
 * How a search index lies in the store. A document's place is its raw id, after its creation time
 * where ids do not begin with that, so that of two places the later one is the newer document's.
 *
 *   head "d" place                          the number of the document's terms
 *   head "f" field value place              the document has this value in a filter field
 *   head "t" term 0 length frequency place  the document has the term so often, in a text so long
 *
 * Those that a score depends on, the length and the frequency, come before the place: documents
 * that score alike for a term lie together, the newest last. How many there are is counted:
 *
 *   countsHead "d"                          terms of all documents
 *   countsHead "t" term 0 length frequency  documents under that beginning
 */

type Fields = Record<string, JSONValue>;

/** One row of a document, and what it adds to a count. */
export interface Row {
  readonly key: Key;
  readonly value: string;
  readonly count?: { readonly key: Key; readonly amount: number };
}

const KIND = { document: "d", filter: "f", term: "t" } as const;
const TERM_END = "\x00";

/** The document's place in the index. */
export function placeOf(
  { hasOwnOrder }: SearchIndex,
  fields: Fields,
  rawId: Key,
): Key {
  return hasOwnOrder
    ? encodeFloat64(fields["_creationTime"] as number) + rawId
    : rawId;
}

/** Length of {@link placeOf}. */
export function placeBytes({ hasOwnOrder }: SearchIndex): number {
  return (hasOwnOrder ? FLOAT_BYTES : 0) + RAW_ID_BYTES;
}

const FLOAT_BYTES = 8;

/** The text that the index searches in a document; null where that is no string. */
export function textOf(
  { searchPath }: SearchIndex,
  fields: Fields,
): string | null {
  const text = fieldValue(fields, searchPath);
  return typeof text === "string" ? text : null;
}

/** The rows that depend on the text: the document's own first, then one for each term. */
export function* textRows(
  index: SearchIndex,
  text: string | null,
  place: Key,
): Iterable<Row> {
  const frequencies = new Map<Key, number>();
  let terms = 0;
  for (const term of text === null ? [] : termsOf(text)) {
    frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
    terms += 1;
  }
  yield {
    key: documentRowKey(index, place),
    value: String(terms),
    ...(terms === 0
      ? {}
      : { count: { key: termsCountKey(index), amount: terms } }),
  };
  const length = lengthByte(terms);
  for (const [term, frequency] of frequencies) {
    const alike = term + TERM_END + bucketText({ length, frequency });
    yield {
      key: index.head + KIND.term + alike + place,
      value: "",
      count: { key: index.countsHead + KIND.term + alike, amount: 1 },
    };
  }
}

/** The keys of a document's rows under its terms. */
export function termKeys(
  index: SearchIndex,
  fields: Fields,
  rawId: Key,
): Key[] {
  const place = placeOf(index, fields, rawId);
  const rows = [...textRows(index, textOf(index, fields), place)];
  return rows.slice(1).map(({ key }) => key);
}

/** The row of one filter field, by its number in the index. */
export function filterRow(
  index: SearchIndex,
  field: number,
  fields: Fields,
  place: Key,
): Row {
  return { key: filterKey(index, field, fields) + place, value: "" };
}

/** The beginnings of the rows of a document's filter fields. */
export function filterKeys(index: SearchIndex, fields: Fields): Key[] {
  return index.filterPaths.map((_, field) => filterKey(index, field, fields));
}

function filterKey(index: SearchIndex, field: number, fields: Fields): Key {
  const value = filterText(fieldValue(fields, index.filterPaths[field]!));
  return filterHead(index, field, value);
}

export function documentRowKey({ head }: SearchIndex, place: Key): Key {
  return head + KIND.document + place;
}

export function termsCountKey({ countsHead }: SearchIndex): Key {
  return countsHead + KIND.document;
}

/** Beginning of the rows of documents with a value in a filter field. */
export function filterHead(
  { head }: SearchIndex,
  field: number,
  value: Key,
): Key {
  return head + KIND.filter + String.fromCharCode(field) + value;
}

/** What is kept of a filter field's value: a digest of one that is long. */
export function filterText(value: JSONValue | undefined): Key {
  const encoded = encodeValue(value);
  return encoded.length < MAX_FILTER_BYTES
    ? `\x00${encoded}`
    : `\x01${createHash("sha256").update(encoded, "latin1").digest().toString("latin1")}`;
}

const MAX_FILTER_BYTES = 32;

/** Beginning of the rows of a term, or of all that begin with a text. */
export function termHead(
  { head }: SearchIndex,
  term: Key,
  isPrefix = false,
): Key {
  return head + KIND.term + term + (isPrefix ? "" : TERM_END);
}

/** Beginning of the counts of a term, or of all that begin with a text. */
export function termCountsHead(
  { countsHead }: SearchIndex,
  term: Key,
  isPrefix = false,
): Key {
  return countsHead + KIND.term + term + (isPrefix ? "" : TERM_END);
}

/** What a score depends on, beside the term. */
export interface Bucket {
  /** By {@link lengthByte}. */
  readonly length: number;
  readonly frequency: number;
}

/** A bucket in the keys of rows and counts. */
export function bucketText({ length, frequency }: Bucket): Key {
  return String.fromCharCode(length) + encodeUint32(frequency);
}

/** The term and the bucket in the key of a count. */
export function parseCountKey(
  { countsHead }: SearchIndex,
  key: Key,
): Bucket & { term: Key } {
  const at = key.length - BUCKET_BYTES;
  let frequency = 0;
  for (let i = at + 1; i < key.length; i += 1) {
    frequency = frequency * 256 + key.charCodeAt(i);
  }
  return {
    term: key.slice(countsHead.length + 1, at - TERM_END.length),
    length: key.charCodeAt(at),
    frequency,
  };
}

const BUCKET_BYTES = 5;
