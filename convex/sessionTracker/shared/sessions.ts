/** Sessions and actions: their shapes, the answers to visitors, and the rules that need only a row. */
import { v, type Infer } from "convex/values";
import { MINUTE_MS } from "./times.js";
import { vEntry, vVisit } from "./visits.js";

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

/** Letters, digits and `_ - . :`, so that the ids of the tracker that this component replaces stay valid. */
const ANONYMOUS_ID = /^[A-Za-z0-9_\-.:]{1,128}$/;
/** The same for people, as the start of a sentence. */
export const ANONYMOUS_ID_RULE =
  "anonymousId must be 1 to 128 letters, digits or _ - . :";

/** Whether a text can be an anonymousId: 1 to 128 letters, digits and `_ - . :`. */
export function isAnonymousId(value: string): boolean {
  return ANONYMOUS_ID.test(value);
}

/** One session, by either of its ids. */
export const vSessionOf = v.union(
  v.object({ sessionId: v.string() }),
  v.object({ anonymousId: v.string() }),
);
export type SessionOf = Infer<typeof vSessionOf>;

const vRefusal = v.union(
  v.literal("invalidAnonymousId"),
  v.literal("invalidAction"),
  /**
   * The visitor is new, and more new ones come than the settings let in. `retryAfterMs` says when to try
   * again; it differs from one answer to the next, so that not all come back at once.
   */
  v.literal("tooManySessions"),
  /**
   * The session had its actions of the minute, and `retryAfterMs` says when the next one is; without
   * `retryAfterMs` it is full for good.
   */
  v.literal("tooManyActions"),
  v.literal("metadataTooLarge"),
  /** What a page reports of its visit is not of the form that it may have. */
  v.literal("invalidVisit"),
  /** An operator or the app has ended and blocked the session; `retryAfterMs` says for how long, where it ends. */
  v.literal("revoked"),
);
export type Refusal = Infer<typeof vRefusal>;

/** The answer to a call of a visitor that was refused, and wrote nothing. */
const vRefused = v.object({
  ok: v.literal(false),
  reason: vRefusal,
  retryAfterMs: v.optional(v.number()),
});

export function refuse<Reason extends Refusal>(reason: Reason) {
  return { ok: false as const, reason };
}

/** The answer to a call that a bound on calls in a time refused. */
export function refuseFor<Reason extends "tooManySessions" | "tooManyActions">(
  reason: Reason,
  retryAfterMs: number,
) {
  return { ok: false as const, reason, retryAfterMs };
}

// ── Actions a minute, which the lease counts ─────────────────────────────────

export const vActionMinute = v.object({
  /** When its first action happened, in ms since the epoch. */
  startedAt: v.number(),
  actions: v.number(),
});
export type ActionMinute = Infer<typeof vActionMinute>;

/** The minute of actions under way; `undefined` where it is over, or lies ahead of the clock. */
export function minuteUnderWay(
  minute: ActionMinute | undefined,
  now: number,
): ActionMinute | undefined {
  if (minute === undefined || minute.startedAt > now) return undefined;
  return now - minute.startedAt < MINUTE_MS ? minute : undefined;
}

// ── Blocks: an ended session that may not come back before a time ────────────

/** How long a session is to be blocked from now on. */
export const vBlock = v.union(
  v.object({ forMs: v.number() }),
  v.literal("forever"),
);
export type Block = Infer<typeof vBlock>;

/**
 * When a block ends, in ms since the epoch. For good is a word and not `Infinity`, which JSON cannot hold: it
 * would be `null` in exports and in whatever an app sends on.
 */
export const vBlockedUntil = v.union(v.number(), v.literal("forever"));
export type BlockedUntil = Infer<typeof vBlockedUntil>;

/** The block in force, by when it ends; `null` where there is none, or where it is over. */
export function blockOf(
  { blockedUntil }: { blockedUntil?: BlockedUntil | undefined },
  now: number,
): BlockedUntil | null {
  if (blockedUntil === undefined) return null;
  return blockedUntil === "forever" || blockedUntil > now ? blockedUntil : null;
}

/** The answer to a call of a blocked visitor. A block for good has no time at which to try again. */
export function revoked(until: BlockedUntil, now: number) {
  return {
    ok: false as const,
    reason: "revoked" as const,
    ...(until === "forever" ? {} : { retryAfterMs: until - now }),
  };
}

// ── Answers and rows ────────────────────────────────────────────────────────

/** The answer to a sign of life. */
export const vTrackResult = v.union(
  v.object({
    ok: v.literal(true),
    sessionId: v.string(),
    /**
     * `created`: the visitor is new. `touched`: the sign of life was written down. `unchanged`: the last write
     * is younger than the setting `touchAfterMs`, so nothing was written. `revived`: the next visit has started.
     */
    state: v.union(
      v.literal("created"),
      v.literal("touched"),
      v.literal("unchanged"),
      v.literal("revived"),
    ),
    /** Start of the visit under way, in ms since the epoch: its name in what a page reports of it. */
    visitStartedAt: v.number(),
  }),
  vRefused,
);
export type TrackResult = Infer<typeof vTrackResult>;

/** The answer to a visitor's action. */
export const vActionResult = v.union(
  v.object({ ok: v.literal(true), sessionId: v.string() }),
  vRefused,
);
export type ActionResult = Infer<typeof vActionResult>;

export const vAction = v.object({
  /** When the action happened, in ms since the epoch. */
  at: v.number(),
  action: v.string(),
  resourceId: v.optional(v.string()),
  metadata: v.optional(v.any()),
});
export type Action = Infer<typeof vAction>;

/** The longest name of an action, in characters. */
export const MAX_ACTION_NAME = 256;
/** The longest `resourceId` of an action, in characters. */
export const MAX_RESOURCE_ID = 1_024;

/** The longest id of a user of the app, in characters. */
export const MAX_USER_ID = 1_024;

/** A session as an operator sees it. Readers of the app never get the anonymousId. */
export const vSession = v.object({
  sessionId: v.id("sessions"),
  anonymousId: v.string(),
  state: vSessionState,
  /** When the visitor first came, in ms since the epoch. */
  createdAt: v.number(),
  /** When the visitor was last active, in ms since the epoch; `null` while active, when the lease says it. */
  inactiveSince: v.union(v.number(), v.null()),
  visits: v.number(),
  /** Number of actions in finished visits; the lease counts those of the current visit. */
  actionCount: v.number(),
  /** How long the visitor was really there in finished visits, in ms. */
  engagedMs: v.number(),
  /** Where the first visit came from. */
  firstEntry: v.optional(vEntry),
  /** The last finished visit. */
  lastVisit: v.optional(vVisit),
  endReason: v.optional(v.string()),
  /** When the block in force ends, in ms since the epoch; absent where there is none, or where it is over. */
  blockedUntil: v.optional(vBlockedUntil),
  userId: v.optional(v.string()),
});
export type Session = Infer<typeof vSession>;

/** A session as the app may show it, without the visitor's credential. Times are in ms since the epoch. */
export const vActiveSession = v.object({
  sessionId: v.string(),
  createdAt: v.number(),
  lastActive: v.number(),
  /**
   * Milliseconds from `lastActive` to the answer, both by the deployment's clock; a reader's clock may
   * differ.
   */
  inactiveForMs: v.number(),
  visits: v.number(),
  actionCount: v.number(),
  userId: v.optional(v.string()),
});
export type ActiveSession = Infer<typeof vActiveSession>;
