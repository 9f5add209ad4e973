/** Sessions and actions: their shapes, the answers to visitors, and the rules that need only a row. */
import { v, type Infer, type VAny } from "convex/values";
import { MINUTE_MS } from "./times.js";
import { vEntry, vVisit } from "./visits.js";

export const vSessionState = v.union(
  v.literal("active"),
  v.literal("expired"),
  v.literal("ended"),
);
/**
 * `active`: the visit under way is within its idle timeout. `expired`: the visitor has been away for longer. `ended`: the
 * visitor, an operator or the app ended the visit.
 */
export type SessionState = "active" | "expired" | "ended";

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

export const vSessionOf = v.union(
  v.object({ sessionId: v.string() }),
  v.object({ anonymousId: v.string() }),
);
/** One session, by either of its ids. */
export type SessionOf =
  | {
      /** The Convex id of the session, which is safe to show. */
      sessionId: string;
    }
  | {
      /** The visitor's only credential, kept in the browser: 1 to 128 letters, digits and `_ - . :`. */
      anonymousId: string;
    };

const vRefusal = v.union(
  v.literal("invalidAnonymousId"),
  v.literal("invalidAction"),
  v.literal("tooManySessions"),
  v.literal("tooManyActions"),
  v.literal("metadataTooLarge"),
  v.literal("invalidVisit"),
  v.literal("revoked"),
);
/** Why a call of a visitor was refused; nothing was written then. */
export type Refusal =
  /** The anonymousId is not 1 to 128 letters, digits and `_ - . :`. */
  | "invalidAnonymousId"
  /** The action's name has not 1 to 256 characters, or its `resourceId` more than 1,024. */
  | "invalidAction"
  /**
   * The visitor is new, and more new ones come than the settings let in. `retryAfterMs` says when to try again; it
   * differs from one answer to the next, so that not all come back at once.
   */
  | "tooManySessions"
  /**
   * The session had its actions of the minute, and `retryAfterMs` says when the next one is; without `retryAfterMs` it is
   * full for good.
   */
  | "tooManyActions"
  /** The action's metadata has more bytes than the setting `maxMetadataBytes` (8,192). */
  | "metadataTooLarge"
  /** What a page reports of its visit is not of the form that it may have. */
  | "invalidVisit"
  /** An operator or the app has ended and blocked the session; `retryAfterMs` says for how long, where it ends. */
  | "revoked";

/** The answer to a call of a visitor that was refused, and wrote nothing. */
export type Refused = {
  /** Always `false`. */
  ok: false;
  /** Why. */
  reason: Refusal;
  /** In how many ms the call may be made again; absent where it never may, as far as is known. */
  retryAfterMs?: number;
};
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

export const vBlock = v.union(
  v.object({ forMs: v.number() }),
  v.literal("forever"),
);
/** How long a session is to be blocked from now on. */
export type Block =
  | {
      /** In ms, a whole number from 1 to a hundred years. */
      forMs: number;
    }
  | "forever";

export const vBlockedUntil = v.union(v.number(), v.literal("forever"));
/**
 * When a block ends, in ms since the epoch. For good is a word and not `Infinity`, which JSON cannot hold: it
 * would be `null` in exports and in whatever an app sends on.
 */
export type BlockedUntil = number | "forever";

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

export const vTrackResult = v.union(
  v.object({
    ok: v.literal(true),
    sessionId: v.string(),
    state: v.union(
      v.literal("created"),
      v.literal("touched"),
      v.literal("unchanged"),
      v.literal("revived"),
    ),
    visitStartedAt: v.number(),
  }),
  vRefused,
);
/** A sign of life that was taken. */
export type Tracked = {
  /** Always `true`. */
  ok: true;
  /** The Convex id of the session, which is safe to show. */
  sessionId: string;
  /**
   * `created`: the visitor is new. `touched`: the sign of life was written down. `unchanged`: the last write is younger
   * than the setting `touchAfterMs`, so nothing was written. `revived`: the next visit has started.
   */
  state: "created" | "touched" | "unchanged" | "revived";
  /** Start of the visit under way, in ms since the epoch: its name in what a page reports of it. */
  visitStartedAt: number;
};
/** The answer to a sign of life. */
export type TrackResult = Tracked | Refused;

export const vActionResult = v.union(
  v.object({ ok: v.literal(true), sessionId: v.string() }),
  vRefused,
);
/** An action that was recorded. */
export type Recorded = {
  /** Always `true`. */
  ok: true;
  /** The Convex id of the session, which is safe to show. */
  sessionId: string;
};
/** The answer to a visitor's action. */
export type ActionResult = Recorded | Refused;

export const vAction = v.object({
  at: v.number(),
  action: v.string(),
  resourceId: v.optional(v.string()),
  metadata: v.optional(v.any()),
});
/** Any Convex value, whose type only the app knows. */
export type AnyValue = Infer<VAny>;
/** What a visitor did. */
export type Action = {
  /** When it happened, in ms since the epoch by the deployment's clock. */
  at: number;
  /** Its name, of 1 to 256 characters. */
  action: string;
  /** What it was done to, of at most 1,024 characters. */
  resourceId?: string;
  /** What else the app recorded with it: any Convex value, of at most `maxMetadataBytes` (8,192 bytes). */
  metadata?: AnyValue;
};

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

export const vActiveSession = v.object({
  sessionId: v.string(),
  createdAt: v.number(),
  lastActive: v.number(),
  inactiveForMs: v.number(),
  visits: v.number(),
  actionCount: v.number(),
  userId: v.optional(v.string()),
});
/** A session as the app may show it, without the visitor's credential. */
export type ActiveSession = {
  /** The Convex id of the session, which is safe to show. */
  sessionId: string;
  /** When the visitor first came, in ms since the epoch. */
  createdAt: number;
  /** The last sign of life that was written down, in ms since the epoch. */
  lastActive: number;
  /** Milliseconds from `lastActive` to the answer, both by the deployment's clock; a reader's clock may differ. */
  inactiveForMs: number;
  /** Number of the visitor's visits, the one under way included. */
  visits: number;
  /** Number of the visitor's actions, those of the visit under way included. */
  actionCount: number;
  /** The app's id of the user whom the visitor is linked to; absent where there is none. */
  userId?: string;
};
