/** Showing schedules: each with its pause, its last tick, and its next fires. */
import { v, type Infer } from "convex/values";
import { query, type QueryCtx } from "../_generated/server.js";
import { checkInteger } from "../shared/errors.js";
import { MAX_FIRES } from "../shared/limits.js";
import {
  SCHEDULE_NAMES,
  type ScheduleName,
  vScheduleName,
} from "../shared/schedules.js";
import {
  pauseInForce,
  type Pause,
  type Schedule,
  vPause,
} from "../shared/schedules.js";
import { readSettings } from "../settings/inForce.js";
import { checkSpec, tidySpec } from "./cronSpecs.js";
import { fireAfter, firesAfter, type Fire } from "./fires.js";
import { findTick } from "./ticks.js";

/** A schedule as operators see it. All times are in ms since the epoch. */
export const vScheduleStatus = v.object({
  name: vScheduleName,
  spec: v.string(),
  timeZone: v.string(),
  paused: v.union(vPause, v.null()),
  /** `pending` on a fresh deployment, until the watchdog has registered the schedule with crons. */
  state: v.union(v.literal("registered"), v.literal("pending")),
  /** When the schedule fires next, a pause considered; `null` where it does not, or is pending. */
  nextAt: v.union(v.number(), v.null()),
  /** When the schedule last ticked; `null` where it never did. */
  lastAt: v.union(v.number(), v.null()),
  /** What that tick did, in words for people. */
  lastResult: v.union(v.string(), v.null()),
});
export type ScheduleStatus = Infer<typeof vScheduleStatus>;

/** A fire whose local time the clocks skip or show twice. */
const vClockChange = v.object({
  /** When the schedule fires, in ms since the epoch. */
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
 * The next fires of a schedule as it is, or as it would be with another spec or time zone: those after `from`, or
 * without `from` those after now and after a pause that ends by itself. `count` fires (5, up to 100), or fewer
 * where eight years pass without a fire. Times are in ms since the epoch.
 * @throws invalidSchedule `{ field, value }`; invalidArgument
 */
export const preview = query({
  args: {
    name: v.optional(vScheduleName),
    spec: v.optional(v.string()),
    timeZone: v.optional(v.string()),
    count: v.optional(v.number()),
    from: v.optional(v.number()),
  },
  returns: v.object({
    spec: v.string(),
    timeZone: v.string(),
    fires: v.array(v.number()),
    changes: v.array(vClockChange),
    paused: v.union(vPause, v.null()),
  }),
  handler: async (ctx, { name: kind, count = 5, from, ...given }) => {
    const current: Schedule =
      kind === undefined
        ? { spec: "", timeZone: "UTC" }
        : (await readSettings(ctx)).schedules[kind];
    const cron = {
      spec: given.spec === undefined ? current.spec : tidySpec(given.spec),
      timeZone: given.timeZone ?? current.timeZone,
    };
    checkSpec(cron);
    checkInteger("count", count, 1, MAX_FIRES);
    const now = Date.now();
    const paused = pauseInForce(current, now);
    const fires = firesAfter(cron, from ?? pauseEnd(paused, now), count);
    return {
      ...cron,
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
  const nextAt =
    registered && !waitsForever
      ? fireAfter(schedule, pauseEnd(paused, now))
      : null;
  return {
    name: kind,
    spec: schedule.spec,
    timeZone: schedule.timeZone,
    paused,
    state: registered ? "registered" : "pending",
    nextAt,
    lastAt: tick?.lastAt ?? null,
    lastResult: tick?.lastResult ?? null,
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * The time after which a schedule fires again: now, or just before the end of a pause, as a fire at the end
 * counts.
 */
function pauseEnd(paused: Pause | null, now: number): number {
  return paused?.until === undefined ? now : paused.until - 1;
}

function toClockChange({ at, local, change }: Fire) {
  if (change === undefined) return [];
  return [{ at, local: new Date(local).toISOString().slice(0, 19), change }];
}
