/**
 * The settings: the policy and the schedules, their defaults, and the cutoffs that follow from the policy.
 */
import { v } from "convex/values";
import { type Schedule, vSchedule } from "./schedules.js";
import { MINUTE_MS, DAY_MS } from "./times.js";

export const vRetentionDays = v.union(v.number(), v.literal("never"));
/** Days, which may be a fraction, after which an inactive session is purged; `never` keeps all sessions. */
export type RetentionDays = number | "never";

export const vOwnRetentionDays = v.union(v.number(), v.literal("session"));
/** Days, which may be a fraction, after which a visit or an action is purged; `session`: with its session. */
export type OwnRetentionDays = number | "session";

const vBound = v.union(v.number(), v.literal("never"));
/** A number, or no bound at all. */
export type Bound = number | "never";

const policyFields = {
  idleTimeoutMs: v.number(),
  retentionDays: vRetentionDays,
  visitRetentionDays: vOwnRetentionDays,
  actionRetentionDays: vOwnRetentionDays,
  auditRetentionDays: vRetentionDays,
  maxVisitMs: vBound,
  touchAfterMs: v.number(),
  maxActionsPerSession: v.number(),
  maxMetadataBytes: v.number(),
  maxActionsPerMinute: vBound,
  maxNewSessionsPerMinute: vBound,
  maxNewSessionsPerMinutePerAddress: vBound,
  pageSize: v.number(),
  backlogAlertMs: vBound,
};

export const vPolicy = v.object(policyFields);
/** The policy: the settings without the schedules. */
export type Policy = {
  /** A visit ends once its visitor has been away for longer than this, in ms. @default 1_800_000, 30 minutes */
  idleTimeoutMs: number;
  /** Days, which may be a fraction, after which an inactive session is purged. @default 14 */
  retentionDays: RetentionDays;
  /** Counted from a visit's end; shorter than `retentionDays`. @default session */
  visitRetentionDays: OwnRetentionDays;
  /** Counted from when an action happened; shorter than `retentionDays`. @default session */
  actionRetentionDays: OwnRetentionDays;
  /** Entries of the audit log older than so many days are deleted. @default 400 */
  auditRetentionDays: RetentionDays;
  /** A visit that has gone on for this long is followed by the next, however busy it is, in ms. @default 86_400_000, 24 hours */
  maxVisitMs: Bound;
  /** A heartbeat writes nothing while the last write is younger than this, in ms. @default 60_000, a minute */
  touchAfterMs: number;
  /** An action beyond this number is refused. @default 10,000 */
  maxActionsPerSession: number;
  /** An action with more bytes of metadata than this is refused. @default 8,192 */
  maxMetadataBytes: number;
  /** A session's action beyond this number within a minute is refused for the rest of it. @default 120 */
  maxActionsPerMinute: Bound;
  /**
   * Who is new beyond this number a minute, in the whole deployment, is refused for a while; visitors who have
   * a session never are. @default 6,000
   */
  maxNewSessionsPerMinute: Bound;
  /**
   * The same for those who call from one address: addresses are hashed into a fixed number of buckets, and
   * none is stored. @default never
   */
  maxNewSessionsPerMinutePerAddress: Bound;
  /**
   * Number of sessions that a page of a run aims for; pages that do not fit a transaction get smaller.
   * @default 1,000
   */
  pageSize: number;
  /**
   * Sessions that have been due to be expired or purged for longer than this, in ms, are a backlog, which webhooks are told
   * of. @default 172_800_000, two days
   */
  backlogAlertMs: Bound;
};

export const vSettings = v.object({
  ...policyFields,
  schedules: v.object({ expire: vSchedule, purge: vSchedule }),
});
/** All settings. */
export type Settings = Policy & {
  /** By the kind of run that each starts. */
  schedules: {
    expire: Schedule;
    purge: Schedule;
  };
};

export const DEFAULT_SETTINGS: Settings = {
  idleTimeoutMs: 30 * MINUTE_MS,
  retentionDays: 14,
  visitRetentionDays: "session",
  actionRetentionDays: "session",
  auditRetentionDays: 400,
  maxVisitMs: DAY_MS,
  touchAfterMs: MINUTE_MS,
  maxActionsPerSession: 10_000,
  maxMetadataBytes: 8_192,
  maxActionsPerMinute: 120,
  maxNewSessionsPerMinute: 6_000,
  maxNewSessionsPerMinutePerAddress: "never",
  pageSize: 1_000,
  backlogAlertMs: 2 * DAY_MS,
  schedules: {
    expire: { spec: "*/15 * * * *", timeZone: "UTC" },
    purge: { spec: "30 2 * * *", timeZone: "UTC" },
  },
};

/**
 * The cutoff of a purge: sessions last active strictly before it are purged.
 * @returns a whole number of ms since the epoch; `null` where retention is `never`
 */
export function purgeCutoff(
  retentionDays: RetentionDays,
  now: number,
): number | null {
  return retentionDays === "never"
    ? null
    : Math.floor(now - retentionDays * DAY_MS);
}

/** The cutoff of an expire run, in ms since the epoch: leases last active strictly before it are idle. */
export function expireCutoff(idleTimeoutMs: number, now: number): number {
  return now - idleTimeoutMs;
}
