/**
 * The settings: the policy and the schedules, their defaults, and the cutoffs that follow from the policy.
 */
import { v, type Infer } from "convex/values";
import { vSchedule } from "./schedules.js";
import { MINUTE_MS, DAY_MS } from "./times.js";

/** Days, which may be a fraction, after which an inactive session is purged; `never` keeps all sessions. */
export const vRetentionDays = v.union(v.number(), v.literal("never"));
export type RetentionDays = Infer<typeof vRetentionDays>;

/** Days, which may be a fraction, after which a visit or an action is purged; `session`: with its session. */
export const vOwnRetentionDays = v.union(v.number(), v.literal("session"));
export type OwnRetentionDays = Infer<typeof vOwnRetentionDays>;

/** A number, or no bound at all. */
const vBound = v.union(v.number(), v.literal("never"));

const policyFields = {
  /** A visit ends once its visitor has been away for longer than this. @default 30 minutes */
  idleTimeoutMs: v.number(),
  /** @default 14 */
  retentionDays: vRetentionDays,
  /** Counted from a visit's end; shorter than `retentionDays`. @default session */
  visitRetentionDays: vOwnRetentionDays,
  /** Counted from when an action happened; shorter than `retentionDays`. @default session */
  actionRetentionDays: vOwnRetentionDays,
  /** Entries of the audit log older than this are deleted. @default 400 */
  auditRetentionDays: vRetentionDays,
  /** A visit that has gone on for this long is followed by the next, however busy it is. @default 24 hours */
  maxVisitMs: vBound,
  /** A heartbeat writes nothing while the last write is younger than this. @default one minute */
  touchAfterMs: v.number(),
  /** An action beyond this number is refused. @default 10,000 */
  maxActionsPerSession: v.number(),
  /** An action with more metadata than this is refused. @default 8,192 */
  maxMetadataBytes: v.number(),
  /** A session's action beyond this number within a minute is refused for the rest of it. @default 120 */
  maxActionsPerMinute: vBound,
  /**
   * Who is new beyond this number a minute, in the whole deployment, is refused for a while; visitors who have
   * a session never are. @default 6,000
   */
  maxNewSessionsPerMinute: vBound,
  /**
   * The same for those who call from one address: addresses are hashed into a fixed number of buckets, and
   * none is stored. @default never
   */
  maxNewSessionsPerMinutePerAddress: vBound,
  /**
   * Number of sessions that a page of a run aims for; pages that do not fit a transaction get smaller.
   * @default 1,000
   */
  pageSize: v.number(),
  /**
   * Sessions that have been due to be expired or purged for longer than this are a backlog, which webhooks are told
   * of. @default two days
   */
  backlogAlertMs: vBound,
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
