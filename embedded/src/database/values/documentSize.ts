import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import { formatBytes } from "./displayValue.js";

/** Limit for a document's size. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024;
/** Limit for the levels of a document, itself the first. */
export const MAX_DOCUMENT_NESTING = 16;
const MAX_ARRAY_LENGTH = 8192;
const MAX_OBJECT_FIELDS = 1024;
const MAX_FIELD_NAME_LENGTH = 1024;

/** Checks a document against Convex's limits and returns its size as Convex counts it. */
export function measureDocument(document: Record<string, JSONValue>): Measure {
  const measured = measureObject(document);
  const { size, nesting } = measured;
  if (nesting > MAX_DOCUMENT_NESTING) {
    throw new EmbeddedError(
      "invalidValue",
      `Document is too nested (nested ${nesting} levels deep > maximum nesting ${MAX_DOCUMENT_NESTING})`,
    );
  }
  if (size > MAX_DOCUMENT_BYTES) {
    throw new EmbeddedError(
      "invalidValue",
      `Value is too large (${formatBytes(size)} > maximum size ${formatBytes(MAX_DOCUMENT_BYTES)})`,
    );
  }
  return measured;
}

const MAX_VALUE_NESTING = 64;

/** Checks a value that functions pass to each other, and returns its size as Convex counts it. */
export function measureValue(value: JSONValue): number {
  const { size, nesting } = measure(value);
  if (nesting > MAX_VALUE_NESTING) {
    throw new EmbeddedError(
      "invalidValue",
      `Value is too nested (nested ${nesting} levels deep > maximum nesting ${MAX_VALUE_NESTING})`,
    );
  }
  return size;
}

/** A value's size, in bytes as Convex counts them, and its levels. */
export interface Measure {
  size: number;
  nesting: number;
}

const ONE_BYTE: Measure = { size: 1, nesting: 0 };
const NINE_BYTES: Measure = { size: 9, nesting: 0 };

function measure(value: JSONValue): Measure {
  switch (typeof value) {
    case "boolean":
      return ONE_BYTE;
    case "number":
      return NINE_BYTES;
    case "string":
      return { size: 2 + Buffer.byteLength(value), nesting: 0 };
    case "object":
      if (value === null) {
        return ONE_BYTE;
      }
      return Array.isArray(value) ? measureArray(value) : measureObject(value);
    default:
      return value satisfies never;
  }
}

function measureArray(items: JSONValue[]): Measure {
  if (items.length > MAX_ARRAY_LENGTH) {
    throw new EmbeddedError(
      "invalidValue",
      `Array length is too long (${items.length} > maximum length ${MAX_ARRAY_LENGTH})`,
    );
  }
  let size = 2;
  let nesting = 0;
  for (const item of items) {
    const inner = measure(item);
    size += inner.size;
    nesting = Math.max(nesting, inner.nesting);
  }
  return { size, nesting: nesting + 1 };
}

function measureObject(object: Record<string, JSONValue>): Measure {
  const names = Object.keys(object);
  if (names.length > MAX_OBJECT_FIELDS) {
    throw new EmbeddedError(
      "invalidValue",
      `Object has too many fields (${names.length} > maximum number ${MAX_OBJECT_FIELDS})`,
    );
  }
  const [first] = names;
  if (names.length === 1 && first !== undefined && first.startsWith("$")) {
    return measureSpecial(first, object[first]);
  }
  let size = 2;
  let nesting = 0;
  for (const name of names) {
    checkFieldName(name);
    const inner = measure(object[name] as JSONValue);
    size += name.length + 1 + inner.size;
    nesting = Math.max(nesting, inner.nesting);
  }
  return { size, nesting: nesting + 1 };
}

/** Measures a value that JSON lacks, which travels as an object with one `$` field. */
function measureSpecial(name: string, payload: JSONValue | undefined): Measure {
  if (typeof payload === "string") {
    switch (name) {
      case "$integer":
      case "$float":
        return NINE_BYTES;
      case "$bytes":
        return { size: 2 + Buffer.byteLength(payload, "base64"), nesting: 0 };
    }
  }
  if (name === "$commitTs" && payload === null) {
    return NINE_BYTES;
  }
  throw reservedFieldName(name);
}

function checkFieldName(name: string): void {
  if (name.startsWith("$")) {
    throw reservedFieldName(name);
  }
  if (name.length > MAX_FIELD_NAME_LENGTH) {
    throw new EmbeddedError(
      "invalidValue",
      `Field name ${name} exceeds maximum field name length ${MAX_FIELD_NAME_LENGTH}.`,
    );
  }
  const bad = NOT_FIELD_NAME.exec(name);
  if (bad !== null) {
    throw new EmbeddedError(
      "invalidValue",
      `Field name ${name} has invalid character '${bad[0]}': Field names can only contain non-control ASCII characters`,
    );
  }
}

const NOT_FIELD_NAME = /[^\x20-\x7e]/;

function reservedFieldName(name: string): EmbeddedError {
  return new EmbeddedError(
    "invalidValue",
    `Field name ${name} starts with '$', which is reserved.`,
  );
}
