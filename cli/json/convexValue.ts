/** Values that visitors' browsers stored: of all types of Convex, which are more than JSON has. */
import { convexToJson, type JSONValue, type Value } from "convex/values";

/** The value for programs: as Convex itself writes it in JSON, such as `{"$integer": "BQAAAAAAAAA="}`. */
export function toValueJson(value: unknown): JSONValue {
  return convexToJson(value as Value);
}

/**
 * The value for people: as JSON, where that can say it; `5`, `NaN`, `-0` and `3 bytes 00ff07` where it
 * cannot.
 */
export function valueText(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") {
    return Object.is(value, -0) ? "-0" : String(value);
  }
  if (value instanceof ArrayBuffer) return bytesText(value);
  if (Array.isArray(value)) return `[${value.map(valueText).join(",")}]`;
  if (typeof value !== "object" || value === null) {
    return JSON.stringify(value) ?? "undefined";
  }
  const fields = Object.entries(value).map(
    ([name, field]) => `${JSON.stringify(name)}:${valueText(field)}`,
  );
  return `{${fields.join(",")}}`;
}

/** The number of bytes shown: the first ones say what the value may be. */
const SHOWN_BYTES = 16;

function bytesText(bytes: ArrayBuffer): string {
  const shown = Buffer.from(bytes, 0, Math.min(bytes.byteLength, SHOWN_BYTES));
  const more = bytes.byteLength > SHOWN_BYTES ? "…" : "";
  return `${bytes.byteLength} bytes ${shown.toString("hex")}${more}`.trimEnd();
}
