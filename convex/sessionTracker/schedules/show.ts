/** Showing schedules: each with its pause, its last tick, and its next fires. */
import { v, type Infer } from "convex/values";
import { query, type QueryCtx } from "../_generated/server.js";
import { checkInteger } from "../shared/errors.js";
import { MAX_FIRES } from "../shared/limits.js";
import {
  pauseInForce,
  SCHEDULE_NAMES,
  type ScheduleName,
  vScheduleName,
  type Schedule,
  vPause,
  vSchedule,
  vWindow,
} from "../shared/schedules.js";
import { readSettings } from "../settings/inForce.js";
import { answeredUntil } from "./dueFires.js";
import { firingsAfter, type Firing } from "./firings.js";
import { checkSchedule, withTerms } from "./terms.js";
import { findTick, type TickRow } from "./ticks.js";

const { jitterMs, window, pauseOnFailure } = vSchedule.fields;
const vTerms = { jitterMs, window, pauseOnFailure };

/** A schedule as operators see it. All times are in ms since the epoch. */
export const vScheduleStatus = v.object({
  name: vScheduleName,
  spec: v.string(),
  timeZone: v.string(),
  ...vTerms,
  paused: v.union(vPause, v.null()),
  /** `pending` on a fresh deployment, until the watchdog has registered the schedule with crons. */
  state: v.union(v.literal("registered"), v.literal("pending")),
  /**
   * When the schedule fires next within its window, its jitter and a pause considered; `null` where it does not, or is
   * pending.
   */
  nextAt: v.union(v.number(), v.null()),
  /** When the schedule last ticked; `null` where it never did. */
  lastAt: v.union(v.number(), v.null()),
  /** What that tick did, in words for people. */
  lastResult: v.union(v.string(), v.null()),
});
export type ScheduleStatus = Infer<typeof vScheduleStatus>;

/** A fire whose local time the clocks skip or show twice. */
const vClockChange = v.object({
  /** When the schedule fires, its jitter included, in ms since the epoch. */
  at: v.number(),
  /** The local time that the spec names, as in "2026-03-29T02:30:00". */
  local: v.string(),
  change: v.union(
    /** The clocks skip the local time: the schedule fires later, by as much as they skip. */
    v.literal("skipped"),
    /** The local time comes twice: the schedule fires the first time. */
    v.literal("repeated"),
  ),
});

/**
 * The next fires of a schedule as it is, or as it would be with another spec, time zone, jitter or window: those after
 * `from`, or without `from` those after now and after a pause that ends by itself. `count` fires (5, up to 100), or
 * fewer where eight years pass without a fire. Fires outside of the window, which start nothing, are left out. Times
 * are in ms since the epoch.
 * @throws invalidSchedule `{ field, value }`; invalidArgument
 */
export const preview = query({
  args: {
    name: v.optional(vScheduleName),
    spec: v.optional(v.string()),
    timeZone: v.optional(v.string()),
    /** `null`: none, whatever the schedule has. */
    jitterMs: v.optional(v.union(v.number(), v.null())),
    window: v.optional(v.union(vWindow, v.null())),
    count: v.optional(v.number()),
    from: v.optional(v.number()),
  },
  returns: v.object({
    spec: v.string(),
    timeZone: v.string(),
    jitterMs,
    window,
    fires: v.array(v.number()),
    changes: v.array(vClockChange),
    paused: v.union(vPause, v.null()),
  }),
  handler: async (ctx, { name: kind, count = 5, from, ...given }) => {
    const current: Schedule =
      kind === undefined
        ? { spec: "", timeZone: "UTC" }
        : (await readSettings(ctx)).schedules[kind];
    const { pauseOnFailure: _, ...schedule } = withTerms(current, given);
    checkSchedule(schedule);
    checkInteger("count", count, 1, MAX_FIRES);
    const now = Date.now();
    const paused = pauseInForce(current, now);
    const tick = kind === undefined ? null : await findTick(ctx, kind);
    const range =
      from === undefined ? comingFrom(schedule, tick, now) : { from };
    const fires = firingsAfter(schedule, tick, range, count);
    const { spec, timeZone, jitterMs, window } = schedule;
    return {
      spec,
      timeZone,
      ...(jitterMs === undefined ? {} : { jitterMs }),
      ...(window === undefined ? {} : { window }),
      fires: fires.map(({ at }) => at),
      changes: fires.flatMap(toClockChange),
      paused,
    };
  },
});

/** All schedules, in the order of `SCHEDULE_NAMES`. */
export const list = query({
  args: {},
  returns: v.array(vScheduleStatus),
  handler: (ctx) => listSchedules(ctx),
});

export async function listSchedules(ctx: QueryCtx): Promise<ScheduleStatus[]> {
  const schedules: ScheduleStatus[] = [];
  for (const kind of SCHEDULE_NAMES) {
    schedules.push(await scheduleStatus(ctx, kind));
  }
  return schedules;
}

export async function scheduleStatus(
  ctx: QueryCtx,
  kind: ScheduleName,
): Promise<ScheduleStatus> {
  const schedule = (await readSettings(ctx)).schedules[kind];
  const tick = await findTick(ctx, kind);
  const now = Date.now();
  const paused = pauseInForce(schedule, now);
  const registered = tick?.registeredAt !== undefined;
  const waitsForever = paused !== null && paused.until === undefined;
  const [next] =
    registered && !waitsForever
      ? firingsAfter(schedule, tick, comingFrom(schedule, tick, now), 1)
      : [];
  const { spec, timeZone, jitterMs, window, pauseOnFailure } = schedule;
  return {
    name: kind,
    spec,
    timeZone,
    ...(jitterMs === undefined ? {} : { jitterMs }),
    ...(window === undefined ? {} : { window }),
    ...(pauseOnFailure === undefined ? {} : { pauseOnFailure }),
    paused,
    state: registered ? "registered" : "pending",
    nextAt: next?.at ?? null,
    lastAt: tick?.lastAt ?? null,
    lastResult: tick?.lastResult ?? null,
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * The range of the fires that come next: those after now, one that is due and put off among them, or those from the
 * end of a pause.
 */
function comingFrom(
  schedule: Schedule,
  tick: TickRow | null,
  now: number,
): { from: number; after: number } {
  const until = pauseInForce(schedule, now)?.until;
  // A fire that is due exactly at the end of the pause counts.
  if (until !== undefined) return { from: until - 1, after: now };
  const { jitterMs = 0 } = schedule;
  const answered = Math.min(answeredUntil(tick) ?? now, now);
  return { from: Math.max(answered, now - jitterMs), after: now };
}

function toClockChange({ at, local, change }: Firing) {
  if (change === undefined) return [];
  return [{ at, local: new Date(local).toISOString().slice(0, 19), change }];
}
