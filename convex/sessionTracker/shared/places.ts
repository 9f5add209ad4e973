/** Places: the keys of rows in an index that is ordered by a time. */
import { v, type Infer } from "convex/values";

/**
 * A row's key in an index that is ordered by a time. The key goes down to the id, because rows share times.
 */
export const vPlace = v.object({
  /** The time that the index is ordered by, in ms since the epoch. */
  at: v.number(),
  creationTime: v.number(),
  id: v.string(),
});
export type Place = Infer<typeof vPlace>;

export type Order = "asc" | "desc";

/** @param at the row's time in the index */
export function placeOf(
  at: number,
  { _creationTime, _id }: { _creationTime: number; _id: string },
): Place {
  return { at, creationTime: _creationTime, id: _id };
}

/** Compares two rows' places, as `Array.sort` asks: negative where `a` comes before `b` in the order. */
export function comparePlaces(a: Place, b: Place, order: Order): number {
  const difference =
    a.at - b.at ||
    a.creationTime - b.creationTime ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  return order === "asc" ? difference : -difference;
}
