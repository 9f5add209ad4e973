import type { JSONValue } from "convex/values";
import { describeJson, isJsonObject } from "./http/body.js";
import { badRequest } from "./http/http.js";

const MAX_DEPTH = 64;
const MAX_ARRAY_LENGTH = 8_192;
const MAX_FIELDS = 1_024;
const MAX_FIELD_NAME_LENGTH = 1_024;

/**
 * Refuses JSON that encodes no Convex value, so that nothing behind the API
 * meets a `__proto__` field, a reserved `$` name or a malformed int64.
 * @param where what the value is, for the error text, e.g. `args[0]`
 */
export function checkConvexJson(
  value: unknown,
  where: string,
  depth = 0,
): asserts value is JSONValue {
  if (depth > MAX_DEPTH) {
    throw badRequest(
      "InvalidArguments",
      `Value is too nested (nested ${depth} levels deep > maximum nesting ${MAX_DEPTH}), in ${where.slice(0, 200)}`,
    );
  }
  if (Array.isArray(value)) {
    if (value.length > MAX_ARRAY_LENGTH) {
      throw badRequest(
        "InvalidArguments",
        `Array length is too long (${value.length} > maximum length ${MAX_ARRAY_LENGTH}), in ${where}`,
      );
    }
    for (let i = 0; i < value.length; i++) {
      // Most values are no containers; to name a million of them would be waste.
      if (isContainer(value[i])) {
        checkConvexJson(value[i], `${where}[${i}]`, depth + 1);
      }
    }
    return;
  }
  if (!isJsonObject(value)) return;
  const keys = Object.keys(value);
  const first = keys[0];
  if (keys.length === 1 && first?.startsWith("$")) {
    checkSpecial(first, value[first], where);
    return;
  }
  if (keys.length > MAX_FIELDS) {
    throw badRequest(
      "InvalidArguments",
      `Object has too many fields (${keys.length} > maximum number ${MAX_FIELDS}), in ${where}`,
    );
  }
  for (const key of keys) {
    checkFieldName(key, where);
    if (isContainer(value[key])) {
      checkConvexJson(value[key], `${where}.${key}`, depth + 1);
    }
  }
}

function isContainer(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function checkSpecial(key: string, inner: unknown, where: string): void {
  switch (key) {
    case "$integer":
    case "$float":
      if (byteLength(inner) === 8) return;
      break;
    case "$bytes":
      if (byteLength(inner) !== undefined) return;
      break;
    case "$commitTs":
      if (inner === null) return;
      break;
    default:
      throw reservedName(key, where);
  }
  throw badRequest(
    "InvalidArguments",
    `${where} has a malformed ${key}: ${describeJson(inner)}.`,
  );
}

function byteLength(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const bytes = Buffer.from(value, "base64");
  return bytes.toString("base64") === value ? bytes.length : undefined;
}

function checkFieldName(key: string, where: string): void {
  if (key.startsWith("$")) throw reservedName(key, where);
  // Decoders assign fields by name, and assigning `__proto__` would set the prototype.
  if (key === "__proto__") throw reservedName(key, where);
  if (key.length > MAX_FIELD_NAME_LENGTH || !/^[\x20-\x7e]*$/.test(key)) {
    throw badRequest(
      "InvalidArguments",
      `${where} has an invalid field name: at most ${MAX_FIELD_NAME_LENGTH} printable ASCII characters are allowed.`,
    );
  }
}

function reservedName(key: string, where: string) {
  return badRequest(
    "InvalidArguments",
    `${where} has a field named "${key}", which is reserved.`,
  );
}
