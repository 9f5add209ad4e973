/** The cursors of lists: the place of the last row shown, as a text that only these two functions read. */
import { fail } from "../shared/errors.js";
import type { Place } from "../shared/places.js";

export function toCursor({ at, creationTime, id }: Place): string {
  return [at, creationTime, id].join(":");
}

/** @throws invalidArgument `{ argument: "cursor" }` for a text that `toCursor` did not make */
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

// ── Helpers ─────────────────────────────────────────────────────────────────

function isNumber(text: string): boolean {
  return text.trim() !== "" && !Number.isNaN(Number(text));
}
