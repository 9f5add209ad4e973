/** Schedules: what is kept of one, and what operators see of it. */
import { v, type Infer } from "convex/values";

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
