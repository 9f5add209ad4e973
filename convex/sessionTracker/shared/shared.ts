/**
 * Validators, types and pure rules that the whole component, the client and the CLI agree on.
 * Nothing here takes a `ctx`.
 */
import { v, type Infer } from "convex/values";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** What `ctx.db.patch` takes: an optional field given as `undefined` is removed. */
export type Patch<Row> = {
  [Field in keyof Row]?: undefined extends Row[Field]
    ? Row[Field] | undefined
    : Row[Field];
};

/** What stands still for this long is stuck: workpool looks for lost jobs itself after five minutes. */
export const STUCK_AFTER_MS = 10 * MINUTE_MS;
/** For an operator to come back to an archive whose process died or lost its network. */
export const ABANDONED_AFTER_MS = DAY_MS;
/** The watchdog comes every quarter of an hour. */
export const WATCHDOG_LATE_MS = 40 * MINUTE_MS;

/** Clocks are set back by so much without notice; what is stored further ahead proves nothing. */
export const CLOCK_SLACK_MS = MINUTE_MS;

/** A time that a clock stored which was ahead: it has not come, so it says nothing about now. */
export function isFuture(at: number, now: number): boolean {
  return at > now + CLOCK_SLACK_MS;
}

// ── Sessions ────────────────────────────────────────────────────────────────

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

export const vRefusal = v.union(
  v.literal("invalidAnonymousId"),
  v.literal("invalidAction"),
  v.literal("tooManyActions"),
  v.literal("metadataTooLarge"),
);
export type Refusal = Infer<typeof vRefusal>;

export const vRefused = v.object({
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

// ── Settings ────────────────────────────────────────────────────────────────

export const vScheduleName = v.union(v.literal("expire"), v.literal("purge"));
export type ScheduleName = Infer<typeof vScheduleName>;
export const SCHEDULE_NAMES = ["expire", "purge"] as const;

export const vPause = v.object({
  reason: v.string(),
  actor: v.string(),
  at: v.number(),
  /** When the pause ends by itself; absent means when somebody resumes it. */
  until: v.optional(v.number()),
});
export type Pause = Infer<typeof vPause>;

export const vSchedule = v.object({
  /** Five fields, or six with seconds first, as `cron-parser` 4.9 reads them. */
  spec: v.string(),
  /** IANA name. */
  timeZone: v.string(),
  paused: v.optional(vPause),
});
export type Schedule = Infer<typeof vSchedule>;

/** The pause in force now, if any: one whose end has passed counts as none. */
export function pauseInForce(schedule: Schedule, now: number): Pause | null {
  const { paused } = schedule;
  if (paused === undefined) return null;
  return paused.until !== undefined && paused.until <= now ? null : paused;
}

export const vScheduleStatus = v.object({
  name: vScheduleName,
  spec: v.string(),
  timeZone: v.string(),
  paused: v.union(vPause, v.null()),
  /** `pending` until the watchdog has registered a fresh deployment's schedules. */
  state: v.union(v.literal("registered"), v.literal("pending")),
  nextAt: v.union(v.number(), v.null()),
  lastAt: v.union(v.number(), v.null()),
  lastResult: v.union(v.string(), v.null()),
});
export type ScheduleStatus = Infer<typeof vScheduleStatus>;

export const vRetentionDays = v.union(v.number(), v.literal("never"));
export type RetentionDays = Infer<typeof vRetentionDays>;

const policyFields = {
  idleTimeoutMs: v.number(),
  retentionDays: vRetentionDays,
  /** A heartbeat writes nothing while the last write is younger than this. */
  touchAfterMs: v.number(),
  maxActionsPerSession: v.number(),
  maxMetadataBytes: v.number(),
  /** Sessions a page aims for; it shrinks when a page does not fit its transaction. */
  pageSize: v.number(),
};
export const vPolicy = v.object(policyFields);
export type Policy = Infer<typeof vPolicy>;

export const vSettings = v.object({
  ...policyFields,
  schedules: v.object({ expire: vSchedule, purge: vSchedule }),
});
export type Settings = Infer<typeof vSettings>;

export const DEFAULT_SETTINGS: Settings = {
  idleTimeoutMs: 30 * MINUTE_MS,
  retentionDays: 14,
  touchAfterMs: MINUTE_MS,
  maxActionsPerSession: 10_000,
  maxMetadataBytes: 8_192,
  pageSize: 1_000,
  schedules: {
    expire: { spec: "*/15 * * * *", timeZone: "UTC" },
    purge: { spec: "30 2 * * *", timeZone: "UTC" },
  },
};

/** Sessions last active strictly before the cutoff go, a whole number of ms; `null` when retention is `never`. */
export function purgeCutoff(
  retentionDays: RetentionDays,
  now: number,
): number | null {
  return retentionDays === "never"
    ? null
    : Math.floor(now - retentionDays * DAY_MS);
}

/** Leases last active strictly before the cutoff are idle. */
export function expireCutoff(idleTimeoutMs: number, now: number): number {
  return now - idleTimeoutMs;
}

// ── Runs ────────────────────────────────────────────────────────────────────

export const vRunKind = vScheduleName;
export type RunKind = Infer<typeof vRunKind>;

export const vRunTrigger = v.union(
  v.literal("schedule"),
  v.literal("operator"),
  v.literal("app"),
);
export type RunTrigger = Infer<typeof vRunTrigger>;

export const vRunStatus = v.union(
  v.literal("running"),
  v.literal("completed"),
  v.literal("failed"),
  v.literal("canceled"),
  /** It has done `maxSessions`, and more are due: `resume` goes on with as many again. */
  v.literal("maxReached"),
);
export type RunStatus = Infer<typeof vRunStatus>;

/** A row's key in an index that is ordered by a time: rows share times, so it goes down to the id. */
export const vPlace = v.object({
  /** The time, in ms since the epoch. */
  at: v.number(),
  creationTime: v.number(),
  id: v.string(),
});
export type Place = Infer<typeof vPlace>;

/** The last row that a run handled. */
export const vCursor = v.object({
  /** A purge expires stale leases first, then walks the sessions. */
  phase: v.union(v.literal("leases"), v.literal("sessions")),
  ...vPlace.fields,
});
export type Cursor = Infer<typeof vCursor>;

export const vRunError = v.object({
  at: v.number(),
  message: v.string(),
  /** The session set aside, where the failure could be pinned on one. */
  sessionId: v.optional(v.string()),
});

/** What an operator may bound a run by. */
export const vRunBudget = v.object({
  /** Sessions to expire or delete at most. */
  maxSessions: v.optional(v.number()),
  /**
   * Sessions to handle in a second at most, on average, of which up to a second's worth come at once;
   * a session counts once for every four of its actions.
   */
  ratePerSecond: v.optional(v.number()),
});

export const vResume = v.object({
  at: v.number(),
  actor: v.string(),
  reason: v.optional(v.string()),
});

export const vRunFields = v.object({
  kind: vRunKind,
  trigger: vRunTrigger,
  actor: v.string(),
  reason: v.optional(v.string()),
  /** Made by whoever asked, so that a retried request does not start a second run. */
  token: v.optional(v.string()),
  status: vRunStatus,
  /** Frozen when the run starts, in ms since the epoch. */
  cutoff: v.number(),
  /** Of the settings it was last asked for under; absent in runs of before this was kept. */
  revision: v.optional(v.number()),
  /** Sessions it takes in all, as far as it is not bounded; absent where nobody has counted them. */
  expected: v.optional(v.number()),
  cursor: v.union(vCursor, v.null()),
  /** Pages enqueued so far; a page that carries another number does nothing. */
  seq: v.number(),
  pageSize: v.number(),
  pages: v.number(),
  /** Sessions expired (expire) or deleted (purge). */
  sessions: v.number(),
  /** Leases expired; a purge expires stale ones on its way. */
  leases: v.number(),
  /** Actions deleted. */
  actions: v.number(),
  /** Rows set aside because they failed alone. */
  quarantined: v.number(),
  failuresInARow: v.number(),
  errors: v.array(vRunError),
  startedAt: v.number(),
  progressAt: v.number(),
  /** When it last went on after a stop, with what it had done; absent in one that never stopped. */
  resumed: v.optional(v.object({ at: v.number(), sessions: v.number() })),
  /** Who let it go on after a stop, or took over its archive; newest last, the last few. */
  resumes: v.optional(v.array(vResume)),
  finishedAt: v.optional(v.number()),
  ...vRunBudget.fields,
  /** The sessions taken so far at which it ends as `maxReached`. */
  stopAt: v.optional(v.number()),
  /** When a paced run does its next page; until then it does not stand still. */
  nextPageAt: v.optional(v.number()),
  /**
   * The file of an archived purge. Whoever writes the file asks for each page and says when it is
   * on disk; nothing else takes the run on.
   */
  archiveFile: v.optional(v.string()),
});
/** What a run has learned about the size of its pages, see `pageSizes`. */
export const vLearned = v.object({
  /** A page of this size ran out of time. */
  outOfTime: v.optional(v.object({ size: v.number(), at: v.number() })),
  /** One of this size failed otherwise; it is tried again after so many pages. */
  failed: v.optional(v.object({ size: v.number(), pages: v.number() })),
});

/** What became of a page that was archived. */
export const vArchivedPage = v.object({
  /** Whether its sessions were deleted; else the page is to be asked for again. */
  purged: v.boolean(),
  /** Sessions archived and not deleted. */
  stayed: v.array(
    v.object({
      sessionId: v.string(),
      why: v.union(
        v.literal("cameBack"),
        v.literal("changed"),
        v.literal("gone"),
      ),
    }),
  ),
});
export type ArchivedPage = Infer<typeof vArchivedPage>;

export const vRun = v.object({ runId: v.id("runs"), ...vRunFields.fields });
export type Run = Infer<typeof vRun>;

export const vRunStarted = v.object({
  runId: v.id("runs"),
  cutoff: v.number(),
  /** `alreadyRunning`: one run of a kind at a time; the id and cutoff are the running one's. */
  status: v.union(v.literal("started"), v.literal("alreadyRunning")),
});
export type RunStarted = Infer<typeof vRunStarted>;

/** Errors, and resumes, kept in a run row; the counts go on. */
export const MAX_RUN_ERRORS = 20;
/** After so many failing rows in a row it is not the row. */
export const MAX_FAILURES_IN_A_ROW = 20;

/**
 * Deletes a page may do. The real backend takes one read interval for each delete by id and
 * allows 4,096 in a transaction (`crates/database/src/transaction.rs`); the rest is for the
 * reads of the page and the work of the chain.
 */
export const MAX_DELETES_PER_PAGE = 3_000;
