import type { JSONValue } from "convex/values";
import type { QueryJson } from "../../database/types.js";
import { pageOptions } from "./arguments.js";
import type { SystemCall } from "./systemFunctions.js";

/** What one page may read, well below what a transaction may. */
const MAX_ROWS_READ = 10_000;
const MAX_BYTES_READ = 5_000_000;

/** A page of documents, as `usePaginatedQuery` takes it. */
export function readPage(
  call: SystemCall,
  query: QueryJson,
  show: (document: Record<string, JSONValue>) => JSONValue = (shown) => shown,
): Record<string, JSONValue> {
  const { tx, component } = call;
  const { cursor, numItems, endCursor } = pageOptions(call.args);
  const { page, ...rest } = tx.queryPage(component, {
    query,
    cursor,
    endCursor: endCursor ?? call.journal,
    pageSize: numItems,
    maximumRowsRead: MAX_ROWS_READ,
    maximumBytesRead: MAX_BYTES_READ,
  });
  call.journal = rest.continueCursor;
  return { page: page.map(({ value }) => show(value)), ...rest };
}

/** An entry of a list that is no table, with the place in the list that a cursor can name. */
interface Entry {
  readonly place: string;
  readonly value: JSONValue;
}

/**
 * A page of entries in the order of their places, which the caller bounds.
 * @param entries - those after a place, lazily; `null` in place of one that is to be left out
 */
export function listPage(
  call: SystemCall,
  entries: (after: string | null) => Iterable<Entry | { place: string }>,
): Record<string, JSONValue> {
  const { cursor, numItems, endCursor } = pageOptions(call.args);
  const end = endCursor ?? call.journal;
  const page: JSONValue[] = [];
  let looked = 0;
  const finish = (place: string) => {
    call.journal = place;
    return { page, isDone: place === END, continueCursor: place };
  };
  if (cursor === END) return finish(END);
  for (const entry of entries(cursor)) {
    if (end !== null && end !== END && entry.place > end) {
      return finish(end);
    }
    if ("value" in entry) page.push(entry.value);
    looked += 1;
    const isFull = page.length >= numItems || looked >= MAX_ROWS_READ;
    if (end === null && isFull) return finish(entry.place);
  }
  return finish(end ?? END);
}

const END = "end";
