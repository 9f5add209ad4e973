/** Schedules as they are, and when they fire next. */
import { v } from "convex/values";
import { query, type QueryCtx } from "../_generated/server.js";
import { readSettings } from "../settings/inForce.js";
import { checkInteger } from "../shared/errors.js";
import { checkSpec, tidySpec } from "./cronSpecs.js";
import { fireAfter, firesAfter, type Fire } from "./fires.js";
import { findTick } from "./ticks.js";
import { MAX_FIRES } from "../shared/limits.js";
import {
  SCHEDULE_NAMES,
  pauseInForce,
  type Pause,
  type Schedule,
  type ScheduleName,
  type ScheduleStatus,
  vPause,
  vScheduleName,
  vScheduleStatus,
} from "../shared/schedules.js";

/** What happens to a local time on a day when clocks change. */
const vClockChange = v.object({
  at: v.number(),
  /** The local time that the spec names, as in "2026-03-29T02:30:00". */
  local: v.string(),
  change: v.union(
    /** The clocks skip it: it is due as much later as they skip. */
    v.literal("skipped"),
    /** It comes twice: it is due the first time. */
    v.literal("repeated"),
  ),
});

/**
 * The next fires of a schedule as it is, or as it would be with another spec or zone: those after
 * `from`, without it those after now and after a pause that ends by itself. Fewer than asked for
 * where eight years pass without one.
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
  handler: async (ctx, { name, count = 5, from, ...given }) => {
    const current: Schedule =
      name === undefined
        ? { spec: "", timeZone: "UTC" }
        : (await readSettings(ctx)).schedules[name];
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

export const list = query({
  args: {},
  returns: v.array(vScheduleStatus),
  handler: (ctx) => listSchedules(ctx),
});

export async function listSchedules(ctx: QueryCtx): Promise<ScheduleStatus[]> {
  const schedules: ScheduleStatus[] = [];
  for (const name of SCHEDULE_NAMES) {
    schedules.push(await scheduleStatus(ctx, name));
  }
  return schedules;
}

export async function scheduleStatus(
  ctx: QueryCtx,
  name: ScheduleName,
): Promise<ScheduleStatus> {
  const schedule = (await readSettings(ctx)).schedules[name];
  const tick = await findTick(ctx, name);
  const now = Date.now();
  const paused = pauseInForce(schedule, now);
  const registered = tick?.registeredAt !== undefined;
  const waitsForever = paused !== null && paused.until === undefined;
  const nextAt =
    registered && !waitsForever
      ? fireAfter(schedule, pauseEnd(paused, now))
      : null;
  return {
    name,
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

/** The time after which a schedule fires again: a pause is over at its end. */
function pauseEnd(paused: Pause | null, now: number): number {
  return paused?.until === undefined ? now : paused.until - 1;
}

function toClockChange({ at, local, change }: Fire) {
  if (change === undefined) return [];
  return [{ at, local: new Date(local).toISOString().slice(0, 19), change }];
}
