import type { JSONValue, ValidatorJSON } from "convex/values";

/**
 * A value as Convex prints it in errors. The notation is the backend's own, not JSON: floats always
 * show a point, bytes are `b"…"`, field names are bare.
 */
export function displayValue(value: JSONValue): string {
  if (Array.isArray(value)) {
    return `[${value.map(displayValue).join(", ")}]`;
  }
  if (value === null || typeof value === "boolean") {
    return String(value);
  }
  if (typeof value === "number") {
    return displayFloat(value);
  }
  if (typeof value === "string") {
    return JSON.stringify(value);
  }
  const { $integer, $float, $bytes } = value;
  if (typeof $integer === "string") {
    return String(Buffer.from($integer, "base64").readBigInt64LE(0));
  }
  if (typeof $float === "string") {
    return displayFloat(Buffer.from($float, "base64").readDoubleLE(0));
  }
  if (typeof $bytes === "string") {
    return `b${JSON.stringify($bytes)}`;
  }
  const fields = Object.keys(value)
    .sort()
    .map((name) => `${name}: ${displayValue(value[name] as JSONValue)}`);
  return `{${fields.join(", ")}}`;
}

function displayFloat(value: number): string {
  if (Number.isNaN(value)) {
    return "NaN";
  }
  if (!Number.isFinite(value)) {
    return value > 0 ? "inf" : "-inf";
  }
  if (Object.is(value, -0)) {
    return "-0.0";
  }
  return Number.isInteger(value) && Math.abs(value) < 1e16
    ? value.toFixed(1)
    : String(value).replace("e+", "e");
}

/** A validator as code would write it with `v`. */
export function displayValidator(validator: ValidatorJSON): string {
  switch (validator.type) {
    case "number":
      return "v.float64()";
    case "bigint":
      return "v.int64()";
    case "null":
    case "boolean":
    case "string":
    case "bytes":
    case "any":
    case "commitTs":
      return `v.${validator.type}()`;
    case "id":
      return `v.id(${JSON.stringify(validator.tableName)})`;
    case "literal":
      return `v.literal(${displayLiteral(validator.value)})`;
    case "array":
      return `v.array(${displayValidator(validator.value)})`;
    case "record":
      return `v.record(${displayValidator(validator.keys)}, ${displayValidator(validator.values.fieldType)})`;
    case "union":
      return `v.union(${validator.value.map(displayValidator).join(", ")})`;
    case "object": {
      const fields = Object.entries(validator.value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { fieldType, optional }]) => {
          const inner = displayValidator(fieldType);
          return `${name}: ${optional ? `v.optional(${inner})` : inner}`;
        });
      return `v.object({${fields.join(", ")}})`;
    }
    default:
      return validator satisfies never;
  }
}

/** A literal as the error texts show it. */
export function displayLiteral(value: JSONValue): string {
  return typeof value === "object" ? "<bigint>" : JSON.stringify(value);
}

const UNITS = ["B", "KiB", "MiB", "GiB"] as const;

/** A size with at most two decimals, in powers of 1,024. */
export function formatBytes(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${Number.isInteger(amount) ? amount : amount.toFixed(2)} ${UNITS[unit]}`;
}
