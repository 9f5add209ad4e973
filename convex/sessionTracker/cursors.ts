/** Paging through lists that show the newest first, losing and doubling no row. */
import { fail } from "./errors.js";

/**
 * The last row shown, by its key in the index the list follows. Rows can share times, even that of
 * their creation, so the key goes down to the id.
 */
export interface Place {
  at: number;
  creationTime: number;
  id: string;
}

interface Row {
  _id: string;
  _creationTime: number;
}

/** @param at what the list is ordered by */
export function toCursor(at: number, { _creationTime, _id }: Row): string {
  return [at, _creationTime, _id].join(":");
}

/** @throws invalidArgument */
export function readCursor(cursor: string): Place {
  const [at = "", creationTime = "", id = "", ...rest] = cursor.split(":");
  const isPlace = isNumber(at) && isNumber(creationTime) && id !== "";
  if (isPlace && rest.length === 0) {
    return { at: Number(at), creationTime: Number(creationTime), id };
  }
  fail(
    "invalidArgument",
    `The cursor ${JSON.stringify(cursor)} did not come from a list.`,
    { argument: "cursor" },
  );
}

/**
 * Up to `count` rows after a place, in an index walked from new to old that starts `at` the place:
 * those that share its time and were shown already are skipped.
 */
export async function takeAfter<Found extends Row>(
  place: Place | null,
  rows: AsyncIterable<Found>,
  atOf: (row: Found) => number,
  count: number,
): Promise<Found[]> {
  const taken: Found[] = [];
  for await (const row of rows) {
    if (place === null || isAfter(row, atOf(row), place)) taken.push(row);
    if (taken.length === count) break;
  }
  return taken;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function isAfter({ _creationTime, _id }: Row, at: number, place: Place) {
  if (at !== place.at) return at < place.at;
  return _creationTime === place.creationTime
    ? _id < place.id
    : _creationTime < place.creationTime;
}

function isNumber(text: string): boolean {
  return text.trim() !== "" && Number.isFinite(Number(text));
}
