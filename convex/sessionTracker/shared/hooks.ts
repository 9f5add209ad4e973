/** What the app's hooks are, and are called with. */
import { v, type Infer } from "convex/values";

/** What the app's hooks get of each session that a page expired or purged. */
export const vHookSession = v.object({
  sessionId: v.string(),
  anonymousId: v.string(),
  createdAt: v.number(),
  lastActive: v.number(),
  userId: v.optional(v.string()),
});
export type HookSession = Infer<typeof vHookSession>;

export const vHookName = v.union(v.literal("onExpired"), v.literal("onPurged"));
export type HookName = Infer<typeof vHookName>;

export const HOOK_NAMES = ["onExpired", "onPurged"] as const;
