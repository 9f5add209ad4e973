/** Schedules: when runs of a kind start, and the pauses of a schedule. */
import { v, type Infer } from "convex/values";

/** The schedules, each named after the kind of run that it starts. */
export const vScheduleName = v.union(v.literal("expire"), v.literal("purge"));
export type ScheduleName = Infer<typeof vScheduleName>;
export const SCHEDULE_NAMES = ["expire", "purge"] as const;

export const vPause = v.object({
  reason: v.string(),
  actor: v.string(),
  /** When the pause began, in ms since the epoch. */
  at: v.number(),
  /** When the pause ends by itself, in ms since the epoch; absent where only a resume ends it. */
  until: v.optional(v.number()),
});
export type Pause = Infer<typeof vPause>;

/** The part of each day in which the schedule's runs may work, by its zone's clocks; see `shared/fires/windows`. */
export const vWindow = v.object({
  /** The local time from which it is open, such as "01:00". */
  opens: v.string(),
  /** The local time from which it is closed; of the next day where it is not later than `opens`. */
  closes: v.string(),
});
export type ScheduleWindow = Infer<typeof vWindow>;

export const vSchedule = v.object({
  /** Five fields, or six with seconds first, as `cron-parser` 4.9 reads them. */
  spec: v.string(),
  /** The IANA name of a time zone, such as "Europe/Berlin". */
  timeZone: v.string(),
  /** A fire is put off by a part of this time, see `schedules/firings`. @default none is */
  jitterMs: v.optional(v.number()),
  /** @default always open */
  window: v.optional(vWindow),
  /** After so many failed runs in a row the schedule pauses itself. @default never */
  pauseOnFailure: v.optional(v.number()),
  paused: v.optional(vPause),
});
export type Schedule = Infer<typeof vSchedule>;

/** The pause in force at `now`, or `null`; a pause whose end has passed is not in force. */
export function pauseInForce(schedule: Schedule, now: number): Pause | null {
  const { paused } = schedule;
  if (paused === undefined) return null;
  return paused.until !== undefined && paused.until <= now ? null : paused;
}
