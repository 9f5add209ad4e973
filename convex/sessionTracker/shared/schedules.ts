/** Schedules: what is kept of one, and what operators see of it. */
import { v, type Infer } from "convex/values";

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
