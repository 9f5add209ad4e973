/** Keys of rows in an index that is ordered by a time. */
import { v, type Infer } from "convex/values";

/** A row's key in an index that is ordered by a time: rows share times, so it goes down to the id. */
export const vPlace = v.object({
  /** The time, in ms since the epoch. */
  at: v.number(),
  creationTime: v.number(),
  id: v.string(),
});
export type Place = Infer<typeof vPlace>;
