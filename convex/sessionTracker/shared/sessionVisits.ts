/** The visits of a session, as operators and the app see them, and as the visitor does. */
import { v, type Infer } from "convex/values";
import { vBlockedUntil } from "./sessions.js";
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

const { startedAt, entry, exitPath, why } = vVisit.fields;

/**
 * A visit as its own visitor sees it, as far as heartbeats and actions have written it down. Times are in ms
 * since the epoch.
 */
export const vOwnVisit = v.object({
  startedAt,
  /** The last sign of life; of a visit that is over, its end. */
  lastActive: v.number(),
  /** How long the visitor was really there in this visit so far, in ms. */
  engagedMs: v.number(),
  /** Number of actions recorded in this visit so far. */
  actions: v.number(),
  entry,
  /** The page that the visitor is on, by the last report, such as `/pricing`. */
  path: exitPath,
  /** Why the visit is over; `null` while it is under way. */
  why: v.union(why, v.null()),
  /** Number of the visitor's visits so far, this one included. */
  visits: v.number(),
  /** The visitor is blocked until then, in ms since the epoch by the deployment's clock; absent where not. */
  blockedUntil: v.optional(vBlockedUntil),
});
export type OwnVisit = Infer<typeof vOwnVisit>;
