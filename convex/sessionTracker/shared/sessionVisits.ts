/** The visits of a session, as operators and the app see them, and as the visitor does. */
import { v } from "convex/values";
import { type BlockedUntil, vBlockedUntil } from "./sessions.js";
import { type Entry, type Visit, type VisitEnd, vVisit } from "./visits.js";

export const vSessionVisit = v.object({
  ...vVisit.fields,
  endedAt: v.union(v.number(), v.null()),
  exitPath: vVisit.fields.exitPath,
  why: v.union(vVisit.fields.why, v.null()),
});
/** A visit of a session, finished or under way. */
export type SessionVisit = Omit<Visit, "endedAt" | "exitPath" | "why"> & {
  /** The last sign of life, or when the visitor ended the visit, in ms since the epoch; `null` while it is under way. */
  endedAt: number | null;
  /** The last page; where the visitor is, while the visit is under way. */
  exitPath?: string;
  /** Why it is over; `null` while it is under way. */
  why: VisitEnd | null;
};

const { startedAt, entry, exitPath, why } = vVisit.fields;

export const vOwnVisit = v.object({
  startedAt,
  lastActive: v.number(),
  engagedMs: v.number(),
  actions: v.number(),
  entry,
  path: exitPath,
  why: v.union(why, v.null()),
  visits: v.number(),
  blockedUntil: v.optional(vBlockedUntil),
});
/** A visit as its own visitor sees it, as far as heartbeats and actions have written it down. */
export type OwnVisit = {
  /** When it began, in ms since the epoch. */
  startedAt: number;
  /** The last sign of life, in ms since the epoch; of a visit that is over, its end. */
  lastActive: number;
  /** How long the visitor was really there in this visit so far, in ms. */
  engagedMs: number;
  /** Number of actions recorded in this visit so far. */
  actions: number;
  /** Where it came from, and on what device; absent where that is not known. */
  entry?: Entry;
  /** The page that the visitor is on, by the last report, such as `/pricing`. */
  path?: string;
  /** Why the visit is over; `null` while it is under way. */
  why: VisitEnd | null;
  /** Number of the visitor's visits so far, this one included. */
  visits: number;
  /** The visitor is blocked until then, in ms since the epoch by the deployment's clock; absent where not. */
  blockedUntil?: BlockedUntil;
};
