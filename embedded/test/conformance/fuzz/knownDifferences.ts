import type { Told } from "./canonical.js";

/**
 * Whether a difference of outcomes is a known one of the mock from Convex. Programs are kept free of
 * most known differences:
 *
 * - Filters compare sizes within one type, of fields that every document has and whose values
 *   are neither -0, NaN, nor text beyond ASCII: the mock compares as JavaScript does, where
 *   Convex orders all values. `neg` is unknown to the mock; integers that overflow or are divided
 *   by zero are not generated.
 * - Ids are compared for equality only: they order as each engine makes them.
 * - No cursor is used with another query than its own: the mock does not notice.
 * - No page goes on from one of its own step, of which it is not told yet whether the mock ended it
 *   elsewhere.
 * - No record validators and no literals of integers: the mock lets all through, or none.
 * - `_id` and `_creationTime` are written only where a document is replaced by a change of itself:
 *   the mock lets an insert choose them.
 * - A nested call throws ConvexErrors with data that is plain JSON: the mock decodes it twice.
 * - A page up to a cursor has no maximum of rows: Convex reads such a page whole, the mock does not.
 * - Nothing happens beside a nested call: the mock counts it to that call, and takes it back with it.
 * - Nothing writes while it iterates; what such an iteration shows is not promised.
 *
 * What happens nevertheless is recognised by {@link isKnown}.
 */
export function isKnown(mock: Told, embedded: Told): boolean {
  return isFullLastPage(mock, embedded) || isEndCursor(mock, embedded);
}

/** A last page that is full is done in the mock; Convex does not look ahead, so it is not. */
function isFullLastPage(mock: Told, embedded: Told): boolean {
  const { op } = mock;
  return (
    op.kind === "page" &&
    mock.value === embedded.value &&
    mock.rows === op.numItems &&
    mock.isDone === true &&
    embedded.isDone === false
  );
}

/** A page up to a cursor is done in the mock if no document is left; in Convex only at the end. */
function isEndCursor(mock: Told, embedded: Told): boolean {
  return (
    mock.op.kind === "page" &&
    mock.op.until !== undefined &&
    mock.value === embedded.value &&
    embedded.value !== undefined
  );
}
