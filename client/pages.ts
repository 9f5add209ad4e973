/**
 * Pages of the component as `paginationOpts` ask for them. Convex notes where a page of an app's own table ended, and
 * ends it there again; for a component's it cannot, so whoever keeps several pages has to send `endCursor`.
 */
import type { PaginationOptions, PaginationResult } from "convex/server";
import { fail } from "../convex/sessionTracker/shared/errors.js";
import { MAX_LISTED } from "../convex/sessionTracker/shared/limits.js";

/** What the component is asked for. */
interface Asked {
  limit: number;
  cursor: string | null;
  endCursor: string | null;
}

/** What the component answers. */
interface Answer<Item> {
  items: Item[];
  cursor: string | null;
  splitCursor: string | null;
  isCut: boolean;
}

/**
 * Reads a page. A subscriber asks again for a page that it has by its `endCursor`: what has come meanwhile is in it,
 * and once it is too long the answer says where to split it.
 */
export async function toPage<Item>(
  { numItems, cursor, endCursor = null }: PaginationOptions,
  read: (asked: Asked) => Promise<Answer<Item>>,
): Promise<PaginationResult<Item>> {
  if (cursor === END) return noItems();
  if (!(Number.isInteger(numItems) && numItems > 0)) {
    fail(
      "invalidArgument",
      `paginationOpts.numItems must be a whole number from 1, got ${numItems}.`,
      { argument: "paginationOpts.numItems" },
    );
  }
  const isToEnd = endCursor === END;
  const answer = await read({
    limit: isToEnd ? MAX_LISTED : Math.min(numItems, MAX_LISTED),
    cursor,
    endCursor: isToEnd ? null : endCursor,
  });
  const { items, cursor: next, splitCursor } = answer;
  const isCut = answer.isCut || (isToEnd && next !== null);
  const continueCursor = isToEnd || next === null ? END : next;
  return {
    page: items,
    isDone: continueCursor === END,
    continueCursor,
    ...(splitCursor === null ? {} : { splitCursor }),
    ...(isCut ? { pageStatus: "SplitRequired" as const } : {}),
  };
}

/** The page of whoever may see nothing. */
export function noItems(): PaginationResult<never> {
  return { page: [], isDone: true, continueCursor: END };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The cursor of a page that is the last. */
const END = "end";
