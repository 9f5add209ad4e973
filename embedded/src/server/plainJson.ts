import type { JSONValue } from "convex/values";
import { isJsonObject } from "./http/body.js";

/**
 * The JSON text of a value for readers who do not know Convex's own encoding.
 *
 * - `json`: int64 and bytes as strings, special floats by name. It is lossy, which is why clients use
 *   `convex_encoded_json`.
 * - `export_json`: int64 as numbers without a point, floats as numbers with one; bytes and special
 *   floats as Convex encodes them. It is what `convex export` writes.
 */
export function plainJson(
  value: JSONValue,
  format: "json" | "export_json",
): string {
  const isClean = format === "json";
  if (typeof value === "number") return numberText(value, isClean);
  if (Array.isArray(value)) {
    return `[${value.map((item) => plainJson(item, format)).join(",")}]`;
  }
  if (!isJsonObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value as Record<string, JSONValue>);
  const [name, encoded] = entries[0] ?? [];
  if (entries.length === 1 && typeof encoded === "string") {
    const text = specialText(name, encoded, isClean);
    if (text !== undefined) return text;
  }
  const fields = entries.map(
    ([key, field]) => `${JSON.stringify(key)}:${plainJson(field, format)}`,
  );
  return `{${fields.join(",")}}`;
}

/** The text of a value that JSON lacks; undefined for an object that is none. */
function specialText(
  name: string | undefined,
  encoded: string,
  isClean: boolean,
): string | undefined {
  const bytes = Buffer.from(encoded, "base64");
  switch (name) {
    case "$integer": {
      const text = bytes.readBigInt64LE().toString();
      return isClean ? `"${text}"` : text;
    }
    case "$bytes":
      return isClean
        ? JSON.stringify(encoded)
        : JSON.stringify({ $bytes: encoded });
    case "$float": {
      const float = bytes.readDoubleLE();
      if (Object.is(float, -0)) return "-0.0";
      return isClean ? `"${float}"` : JSON.stringify({ $float: encoded });
    }
    default:
      return undefined;
  }
}

function numberText(value: number, isClean: boolean): string {
  const text = JSON.stringify(value);
  return isClean || /[.e]/.test(text) ? text : `${text}.0`;
}
