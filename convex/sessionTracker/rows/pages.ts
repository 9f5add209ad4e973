/** Pages of lists as an app pages, which may be kept by a subscriber and read again up to where they ended. */
import { v, type Infer } from "convex/values";
import { checkInteger } from "../shared/errors.js";
import { MAX_LISTED } from "../shared/limits.js";
import { comparePlaces, type Place } from "../shared/places.js";
import { readCursor, toCursor } from "./cursors.js";

export const vPageArgs = v.object({
  /** From 1 to 1,000. */
  limit: v.number(),
  cursor: v.union(v.string(), v.null()),
  /**
   * The cursor of this page, where it was read before: the page ends there again, whatever has come
   * meanwhile and whatever `limit` says.
   */
  endCursor: v.optional(v.union(v.string(), v.null())),
});

export const vPageEnds = v.object({
  /** `null` after the last row. */
  cursor: v.union(v.string(), v.null()),
  /** A cursor amid the page, by which it can be read as two; `null` where it has less than two rows. */
  splitCursor: v.union(v.string(), v.null()),
  /** Whether more has come than a page holds, so that the rows before `cursor` are not all in it. */
  isCut: v.boolean(),
});

interface Placed {
  place: Place;
  /** Given where the rows may be large. */
  sizeBytes?: number;
}

/** The bytes after which a page ends, however few its rows; a row has up to 1 MiB, a transaction reads 16. */
const MAX_PAGE_BYTES = 4 * 1_024 * 1_024;

/**
 * Reads a page of a list whose newest rows come first.
 * @param rows the list after a place, read as far as it is asked for
 * @throws invalidArgument
 */
export async function readPage<Row extends Placed>(
  { limit, cursor, endCursor = null }: Infer<typeof vPageArgs>,
  rows: (after: Place | null) => AsyncIterable<Row> | Row[],
): Promise<{ page: Row[] } & Infer<typeof vPageEnds>> {
  checkInteger("limit", limit, 1, MAX_LISTED);
  const end = endCursor === null ? null : readCursor(endCursor);
  const most = end === null ? limit : MAX_LISTED;
  const page: Row[] = [];
  let sizeBytes = 0;
  const upTo = (to: string | null, isCut = false) => {
    const middle = page.length < 2 ? undefined : page[(page.length >> 1) - 1];
    const splitCursor = middle === undefined ? null : toCursor(middle.place);
    return { page, cursor: to, splitCursor, isCut };
  };
  for await (const row of rows(cursor === null ? null : readCursor(cursor))) {
    if (end !== null && comparePlaces(row.place, end, "desc") > 0) {
      return upTo(endCursor);
    }
    const last = page.at(-1);
    const isFull = page.length === most || sizeBytes > MAX_PAGE_BYTES;
    if (isFull && last !== undefined) {
      return end === null ? upTo(toCursor(last.place)) : upTo(endCursor, true);
    }
    page.push(row);
    sizeBytes += row.sizeBytes ?? 0;
  }
  return upTo(null);
}
