import type { JSONValue } from "convex/values";
import type { Key } from "../../storage/store.js";
import type { VectorIndex } from "./vectorIndex.js";

/** The row of a document, whose key is the index's head and the raw id; null where it has no vector. */
export function vectorRow(
  _index: VectorIndex,
  _fields: Record<string, JSONValue>,
  _rawId: Key,
): { readonly key: Key; readonly value: string } | null {
  return null;
}
