import type { JSONValue } from "convex/values";

/** Parses `"a.b"` to `["a", "b"]`. */
export function parseFieldPath(path: string): readonly string[] {
  return path.split(".");
}

/** The value at a path; undefined where a step is missing or is no object. */
export function fieldValue(
  fields: Record<string, JSONValue>,
  path: readonly string[],
): JSONValue | undefined {
  let value: JSONValue | undefined = fields;
  for (const name of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return undefined;
    }
    value = Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}
