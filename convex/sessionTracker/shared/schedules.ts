/** Schedules: when runs of a kind start, and the pauses of a schedule. */
import { v } from "convex/values";

export const vScheduleName = v.union(v.literal("expire"), v.literal("purge"));
/** The schedules, each named after the kind of run that it starts. */
export type ScheduleName = "expire" | "purge";
export const SCHEDULE_NAMES = ["expire", "purge"] as const;

export const vPause = v.object({
  reason: v.string(),
  actor: v.string(),
  at: v.number(),
  until: v.optional(v.number()),
});
/** A pause of a schedule. */
export type Pause = {
  /** Why, for whoever finds it paused. */
  reason: string;
  /** Who paused it. */
  actor: string;
  /** When the pause began, in ms since the epoch. */
  at: number;
  /** When the pause ends by itself, in ms since the epoch; absent where only a resume ends it. */
  until?: number;
};

export const vWindow = v.object({
  opens: v.string(),
  closes: v.string(),
});
/** The part of each day in which the schedule's runs may work, by its zone's clocks; see `shared/fires/windows`. */
export type ScheduleWindow = {
  /** The local time from which it is open, such as "01:00". */
  opens: string;
  /** The local time from which it is closed; of the next day where it is not later than `opens`. */
  closes: string;
};

export const vSchedule = v.object({
  spec: v.string(),
  timeZone: v.string(),
  jitterMs: v.optional(v.number()),
  window: v.optional(vWindow),
  pauseOnFailure: v.optional(v.number()),
  paused: v.optional(vPause),
});
/** When runs of a kind start. */
export type Schedule = {
  /** Five fields, or six with seconds first, as `cron-parser` 4.9 reads them. */
  spec: string;
  /** The IANA name of a time zone, such as "Europe/Berlin". */
  timeZone: string;
  /** A fire is put off by a part of this time, in ms. @default none is */
  jitterMs?: number;
  /** The part of each day in which its runs may work. @default always open */
  window?: ScheduleWindow;
  /** After so many failed runs in a row the schedule pauses itself. @default never */
  pauseOnFailure?: number;
  /** The pause that it is in, or was in last; absent where there is none. */
  paused?: Pause;
};

/** The pause in force at `now`, or `null`; a pause whose end has passed is not in force. */
export function pauseInForce(schedule: Schedule, now: number): Pause | null {
  const { paused } = schedule;
  if (paused === undefined) return null;
  return paused.until !== undefined && paused.until <= now ? null : paused;
}
