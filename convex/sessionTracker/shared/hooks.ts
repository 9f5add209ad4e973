/** The app's hooks: their names, and the sessions that they are called with. */
import { v } from "convex/values";
import { type BlockedUntil, vBlockedUntil } from "./sessions.js";

export const vHookSession = v.object({
  sessionId: v.string(),
  anonymousId: v.string(),
  createdAt: v.number(),
  lastActive: v.number(),
  userId: v.optional(v.string()),
  visit: v.optional(v.number()),
  previousUserId: v.optional(v.string()),
  reason: v.optional(v.string()),
  blockedUntil: v.optional(vBlockedUntil),
});
/** A session as the app's hooks get it. */
export type HookSession = {
  /** The Convex id of the session, which is safe to show. */
  sessionId: string;
  /** The visitor's only credential: never to be shown to anybody else. */
  anonymousId: string;
  /** When the visitor first came, in ms since the epoch. */
  createdAt: number;
  /** The last sign of life that was written down, in ms since the epoch. */
  lastActive: number;
  /** The app's id of the user that the visitor is linked to; for `onLinked`, is linked to now. */
  userId?: string;
  /** For `onStarted`: the number of the visit that starts, 1 for a new session. */
  visit?: number;
  /** For `onLinked`: the user that the visitor was linked to before. */
  previousUserId?: string;
  /** For `onEnded`: why, where whoever ended the session said so. */
  reason?: string;
  /** For `onEnded`: when the block ends that keeps the visitor from coming back, where there is one. */
  blockedUntil?: BlockedUntil;
};

export const HOOK_NAMES = [
  "onStarted",
  "onExpired",
  "onEnded",
  "onPurged",
  "onLinked",
] as const satisfies readonly HookName[];

export const vHookName = v.union(
  v.literal("onStarted"),
  v.literal("onExpired"),
  v.literal("onEnded"),
  v.literal("onPurged"),
  v.literal("onLinked"),
);
/** The name of a hook of the app. */
export type HookName =
  "onStarted" | "onExpired" | "onEnded" | "onPurged" | "onLinked";
