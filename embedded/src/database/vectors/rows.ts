/*
 * What a vector index keeps of a document whose field holds as many numbers as the index has dimensions:
 *
 *   the vector, scaled to length 1, as little-endian float32 in base64
 *   for each filter field a comma and the value's filter key in base64
 *
 * So it is a quarter of the numbers' JSON where they have all their digits, and is not parsed.
 */

import { createHash } from "node:crypto";
import type { JSONValue } from "convex/values";
import type { Entry, Key } from "../../storage/store.js";
import { fieldValue } from "../values/fieldPath.js";
import { encodeValue } from "../values/valueEncoding.js";
import { normalize } from "./cosine.js";
import type { VectorIndex } from "./vectorIndex.js";

const SEPARATOR = ",";

/** The row of a document, whose key is the index's head and the raw id; null where it has no vector. */
export function vectorRow(
  index: VectorIndex,
  fields: Record<string, JSONValue>,
  rawId: Key,
): Entry | null {
  const { head, dimensions, vectorPath, filterPaths } = index;
  const vector = toVector(fieldValue(fields, vectorPath), dimensions);
  if (vector === null) return null;
  const filters = filterPaths.map((path) =>
    filterKey(fieldValue(fields, path)),
  );
  const texts = [bytesOf(vector).toString("base64"), ...filters];
  return { key: head + rawId, value: texts.join(SEPARATOR) };
}

/**
 * Numbers scaled to length 1; null if they are not so many numbers, or one of them is not finite,
 * be it only as float32: such a vector is similar to none.
 */
export function toVector(
  numbers: JSONValue | undefined,
  dimensions: number,
): Float32Array | null {
  if (!Array.isArray(numbers) || numbers.length !== dimensions) return null;
  const vector = new Float32Array(dimensions);
  for (const [i, json] of numbers.entries()) {
    vector[i] = toNumber(json);
    if (!Number.isFinite(vector[i])) return null;
  }
  normalize(vector);
  return vector;
}

/** Reads a row's vector into an array of many, from `at`; returns the keys of its filters. */
export function readRow(
  row: string,
  dimensions: number,
  vectors: Float32Array,
  at: number,
): readonly string[] {
  const size = dimensions * Float32Array.BYTES_PER_ELEMENT;
  const characters = 4 * Math.ceil(size / 3);
  bytesOf(vectors).write(
    row.slice(0, characters),
    at * Float32Array.BYTES_PER_ELEMENT,
    size,
    "base64",
  );
  return row.length === characters
    ? NO_FILTERS
    : copied(row.slice(characters + 1)).split(SEPARATOR);
}

const NO_FILTERS: readonly string[] = [];

/** The longest filter key that stands for its value as it is; longer ones are hashed. */
const MAX_FILTER_BYTES = 32;

/** A text that is the same for the same values of a filter field only; undefined is one of them. */
export function filterKey(value: JSONValue | undefined): string {
  const bytes = Buffer.from(encodeValue(value), "latin1");
  return bytes.length <= MAX_FILTER_BYTES
    ? bytes.toString("base64")
    : createHash("sha256").update(bytes).digest("base64");
}

/** The same text in memory of its own: a part of a string keeps the whole of it. */
function copied(ascii: string): string {
  return Buffer.from(ascii, "latin1").toString("latin1");
}

function toNumber(json: JSONValue): number {
  if (typeof json === "number") return json;
  const { $float: base64 } = Object(json) as { $float?: unknown };
  const bytes = Buffer.from(typeof base64 === "string" ? base64 : "", "base64");
  return bytes.length === 8 ? bytes.readDoubleLE() : NaN;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
