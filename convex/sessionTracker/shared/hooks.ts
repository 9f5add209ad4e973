/** The app's hooks: their names, and the sessions that they are called with. */
import { v, type Infer } from "convex/values";

/** A session that was expired or purged, as the app's hooks get it. Times are in ms since the epoch. */
export const vHookSession = v.object({
  sessionId: v.string(),
  anonymousId: v.string(),
  createdAt: v.number(),
  lastActive: v.number(),
  /** The app's id of the user that the visitor was linked to. */
  userId: v.optional(v.string()),
});
export type HookSession = Infer<typeof vHookSession>;

export const vHookName = v.union(v.literal("onExpired"), v.literal("onPurged"));
export type HookName = Infer<typeof vHookName>;

export const HOOK_NAMES = ["onExpired", "onPurged"] as const;
