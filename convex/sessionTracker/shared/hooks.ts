/** The app's hooks: their names, and the sessions that they are called with. */
import { v, type Infer } from "convex/values";
import { vBlockedUntil } from "./sessions.js";

/** A session as the app's hooks get it. Times are in ms since the epoch. */
export const vHookSession = v.object({
  sessionId: v.string(),
  anonymousId: v.string(),
  createdAt: v.number(),
  lastActive: v.number(),
  /** The app's id of the user that the visitor is linked to; for `onLinked`, is linked to now. */
  userId: v.optional(v.string()),
  /** For `onStarted`: the number of the visit that starts, 1 for a new session. */
  visit: v.optional(v.number()),
  /** For `onLinked`: the user that the visitor was linked to before. */
  previousUserId: v.optional(v.string()),
  /** For `onEnded`: why, where whoever ended the session said so. */
  reason: v.optional(v.string()),
  /** For `onEnded`: when the block ends that keeps the visitor from coming back, where there is one. */
  blockedUntil: v.optional(vBlockedUntil),
});
export type HookSession = Infer<typeof vHookSession>;

export const HOOK_NAMES = [
  "onStarted",
  "onExpired",
  "onEnded",
  "onPurged",
  "onLinked",
] as const;

export const vHookName = v.union(
  v.literal("onStarted"),
  v.literal("onExpired"),
  v.literal("onEnded"),
  v.literal("onPurged"),
  v.literal("onLinked"),
);
export type HookName = Infer<typeof vHookName>;
