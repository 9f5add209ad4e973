/** Sessions as the app's own code sees them. */
import { v, type Infer } from "convex/values";
import { vBlockedUntil, vSessionState } from "./sessions.js";
import { vEntry, vVisit } from "./visits.js";

/**
 * A session as the app's own code sees it, the visit under way included, and without the visitor's credential.
 * Times are in ms since the epoch.
 */
export const vAppSession = v.object({
  sessionId: v.string(),
  /** As readers see it: past its idle timeout a session is expired, whether or not a run has come by. */
  state: vSessionState,
  createdAt: v.number(),
  lastActive: v.number(),
  visits: v.number(),
  actionCount: v.number(),
  /** How long the visitor was really there, in ms. */
  engagedMs: v.number(),
  /** Where the first visit came from. */
  firstEntry: v.optional(vEntry),
  /** Where the newest visit of which that is known came from, and on what device. */
  entry: v.optional(vEntry),
  /** The page that the visitor is on, or was on last. */
  path: v.optional(v.string()),
  /** The last finished visit. */
  lastVisit: v.optional(vVisit),
  endReason: v.optional(v.string()),
  /** When the block in force ends; `null` where there is none. */
  blockedUntil: v.union(vBlockedUntil, v.null()),
  userId: v.optional(v.string()),
});
export type AppSession = Infer<typeof vAppSession>;
