import type { WriteOp } from "../../storage/store.js";
import type { Catalog } from "../records/catalog.js";
import { tablesByHead } from "./commitWrites.js";
import { Document, moveIndexEntries } from "../records/documents.js";
import { HEAD_BYTES, headOf } from "../records/keyspace.js";
import type { PendingView } from "../records/view.js";

/** `db.vars.commitTs` in Convex JSON; in a string with this text, the quotes would be escaped. */
const PLACEHOLDER = '{"$commitTs":null}';

/** Convex JSON with the commit's time in place of each placeholder. */
export function withCommitTs(json: string, ts: bigint): string {
  return json.includes(PLACEHOLDER)
    ? json.replaceAll(PLACEHOLDER, integerJson(ts))
    : json;
}

/**
 * Puts the commit's time into the documents with a placeholder, and moves their index entries there
 * from the end of the integers, where a transaction sees its own.
 * @returns all writes, in the order of their keys
 */
export function resolveCommitTs(
  view: PendingView,
  catalog: Catalog,
  ts: bigint,
): WriteOp[] {
  const writes = view.writes();
  const waiting = writes.filter(
    ({ value }) => value?.includes(PLACEHOLDER) === true,
  );
  if (waiting.length === 0) return writes;
  for (const { key, value } of waiting) {
    const table = tablesByHead(catalog).get(headOf(key));
    // Not every key is a document's; scheduled arguments, which are JSON too, have no placeholders.
    if (table === undefined || value === null) continue;
    const stored = withCommitTs(value, ts);
    view.set(key, stored);
    const rawId = key.slice(HEAD_BYTES);
    const [before, after] = [new Document(value), new Document(stored)];
    moveIndexEntries(view, table, rawId, before.value, after.value);
  }
  return view.writes();
}

/** Convex JSON of an int64. */
export function integerJson(value: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return `{"$integer":"${bytes.toString("base64")}"}`;
}
