/** The policy: its settings, their defaults, and the cutoffs that follow from it. */
import { v, type Infer } from "convex/values";
import { vSchedule } from "./schedules.js";
import { MINUTE_MS, DAY_MS } from "./times.js";

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
