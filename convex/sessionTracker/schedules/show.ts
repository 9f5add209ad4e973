/** Schedules as they are, and when they fire next. */
import { v, type Infer } from "convex/values";
import { query, type QueryCtx } from "../_generated/server.js";
import { checkInteger } from "../shared/errors.js";
import { MAX_FIRES } from "../shared/limits.js";
import { RUN_KINDS, type RunKind, vRunKind } from "../shared/runKinds.js";
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

export const vScheduleStatus = v.object({
  name: vRunKind,
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
    name: v.optional(vRunKind),
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

export const list = query({
  args: {},
  returns: v.array(vScheduleStatus),
  handler: (ctx) => listSchedules(ctx),
});

export async function listSchedules(ctx: QueryCtx): Promise<ScheduleStatus[]> {
  const schedules: ScheduleStatus[] = [];
  for (const kind of RUN_KINDS) {
    schedules.push(await scheduleStatus(ctx, kind));
  }
  return schedules;
}

export async function scheduleStatus(
  ctx: QueryCtx,
  kind: RunKind,
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

/** The time after which a schedule fires again: a pause is over at its end. */
function pauseEnd(paused: Pause | null, now: number): number {
  return paused?.until === undefined ? now : paused.until - 1;
}

function toClockChange({ at, local, change }: Fire) {
  if (change === undefined) return [];
  return [{ at, local: new Date(local).toISOString().slice(0, 19), change }];
}
