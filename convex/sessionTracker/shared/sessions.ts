/** Sessions, what visitors are answered, and the rules that need no more than a row. */
import { v, type Infer } from "convex/values";

export const vSessionState = v.union(
  v.literal("active"),
  v.literal("expired"),
  v.literal("ended"),
);
export type SessionState = Infer<typeof vSessionState>;

export const SESSION_STATES = ["active", "expired", "ended"] as const;

export const vStateCounts = v.object({
  active: v.number(),
  expired: v.number(),
  ended: v.number(),
});

/** Letters, digits and `_ - . :`, so that the ids of the tracker this replaces stay valid. */
const ANONYMOUS_ID = /^[A-Za-z0-9_\-.:]{1,128}$/;

export function isAnonymousId(value: string): boolean {
  return ANONYMOUS_ID.test(value);
}

/** A visitor is idle once strictly more than the timeout has passed since the last activity. */
export function isIdle(
  lease: { lastActive: number; idleTimeoutMs: number },
  now: number,
): boolean {
  return now - lease.lastActive > lease.idleTimeoutMs;
}

const vRefusal = v.union(
  v.literal("invalidAnonymousId"),
  v.literal("invalidAction"),
  v.literal("tooManyActions"),
  v.literal("metadataTooLarge"),
);
export type Refusal = Infer<typeof vRefusal>;

const vRefused = v.object({
  ok: v.literal(false),
  reason: vRefusal,
  retryAfterMs: v.optional(v.number()),
});

export function refuse(reason: Refusal) {
  return { ok: false as const, reason };
}

export const vTrackResult = v.union(
  v.object({
    ok: v.literal(true),
    sessionId: v.string(),
    /** `unchanged`: seen less than `touchAfter` ago, nothing written. */
    state: v.union(
      v.literal("created"),
      v.literal("touched"),
      v.literal("unchanged"),
      v.literal("revived"),
    ),
  }),
  vRefused,
);
export type TrackResult = Infer<typeof vTrackResult>;

export const vActionResult = v.union(
  v.object({ ok: v.literal(true), sessionId: v.string() }),
  vRefused,
);
export type ActionResult = Infer<typeof vActionResult>;

export const vAction = v.object({
  at: v.number(),
  action: v.string(),
  resourceId: v.optional(v.string()),
  metadata: v.optional(v.any()),
});
export type Action = Infer<typeof vAction>;

/** The longest action name and resource id, in characters. */
export const MAX_ACTION_NAME = 256;

export const MAX_RESOURCE_ID = 1_024;

/** What an operator sees of a session. The app's own readers never get the anonymousId. */
export const vSession = v.object({
  sessionId: v.id("sessions"),
  anonymousId: v.string(),
  state: vSessionState,
  createdAt: v.number(),
  /** When the visitor was last active; `null` while active: its lease then says. */
  inactiveSince: v.union(v.number(), v.null()),
  visits: v.number(),
  /** Actions of finished visits; those of the current visit are in its lease. */
  actionCount: v.number(),
  endReason: v.optional(v.string()),
  userId: v.optional(v.string()),
});
export type Session = Infer<typeof vSession>;

/** A session as the app may show it: without the visitor's credential. */
export const vActiveSession = v.object({
  sessionId: v.string(),
  createdAt: v.number(),
  lastActive: v.number(),
  /** How long ago that was by the deployment's clock when it answered: a reader's clock may be another. */
  inactiveForMs: v.number(),
  visits: v.number(),
  actionCount: v.number(),
  userId: v.optional(v.string()),
});
export type ActiveSession = Infer<typeof vActiveSession>;
