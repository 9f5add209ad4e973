/** Sessions as the app's own code sees them. */
import { v } from "convex/values";
import {
  type BlockedUntil,
  type SessionState,
  vBlockedUntil,
  vSessionState,
} from "./sessions.js";
import { type Entry, type Visit, vEntry, vVisit } from "./visits.js";

export const vAppSession = v.object({
  sessionId: v.string(),
  state: vSessionState,
  createdAt: v.number(),
  lastActive: v.number(),
  visits: v.number(),
  actionCount: v.number(),
  engagedMs: v.number(),
  firstEntry: v.optional(vEntry),
  entry: v.optional(vEntry),
  path: v.optional(v.string()),
  lastVisit: v.optional(vVisit),
  endReason: v.optional(v.string()),
  blockedUntil: v.union(vBlockedUntil, v.null()),
  userId: v.optional(v.string()),
});

/** A session as the app's own code sees it, the visit under way included, and without the visitor's credential. */
export type AppSession = {
  /** The Convex id of the session, which is safe to show. */
  sessionId: string;
  /** As readers see it: past its idle timeout a session is expired, whether or not a run has come by. */
  state: SessionState;
  /** When the visitor first came, in ms since the epoch. */
  createdAt: number;
  /** The last sign of life that was written down, in ms since the epoch. */
  lastActive: number;
  /** Number of the visitor's visits, the one under way included. */
  visits: number;
  /** Number of the visitor's actions, those of the visit under way included. */
  actionCount: number;
  /** How long the visitor was really there, in ms. */
  engagedMs: number;
  /** Where the first visit came from; absent where that is not known. */
  firstEntry?: Entry;
  /** Where the newest visit of which that is known came from, and on what device. */
  entry?: Entry;
  /** The page that the visitor is on, or was on last, such as `/pricing`. */
  path?: string;
  /** The last finished visit; absent where none is. */
  lastVisit?: Visit;
  /** Why the session was ended, where whoever ended it said so; until the visitor comes back. */
  endReason?: string;
  /** When the block in force ends; `null` where there is none. */
  blockedUntil: BlockedUntil | null;
  /** The app's id of the user whom the visitor is linked to; absent where there is none. */
  userId?: string;
};
