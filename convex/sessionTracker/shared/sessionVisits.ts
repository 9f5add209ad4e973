/** The visits of a session, as operators and the app see them. */
import { v, type Infer } from "convex/values";
import { vVisit } from "./visits.js";

export const vSessionVisit = v.object({
  ...vVisit.fields,
  /** The last sign of life, or when the visitor ended the visit; `null` while it is under way. */
  endedAt: v.union(v.number(), v.null()),
  /** The last page; where the visitor is, while the visit is under way. */
  exitPath: vVisit.fields.exitPath,
  /** Why it is over; `null` while it is under way. */
  why: v.union(vVisit.fields.why, v.null()),
});
/** A visit of a session, finished or under way. Times are in ms since the epoch. */
export type SessionVisit = Infer<typeof vSessionVisit>;
