/** Cron schedules that live in the settings and are changed at runtime through `@convex-dev/crons`. */
import { Crons } from "@convex-dev/crons";
import { v, type Infer } from "convex/values";
import { components, internal } from "../_generated/api.js";
import {
  internalMutation,
  mutation,
  query,
  type MutationCtx,
  type QueryCtx,
} from "../_generated/server.js";
import { specProblem, tidySpec } from "./cronSpecs.js";
import { answerDue, coverPause, dueAt } from "./dueFires.js";
import { checkInteger, fail } from "../shared/errors.js";
import {
  cronsFireAfter,
  fireAfter,
  firesAfter,
  type CronSpec,
  type Fire,
} from "./fires.js";
import { readSettings, writeSettings } from "../settings/settings.js";
import {
  MINUTE_MS,
  pauseInForce,
  SCHEDULE_NAMES,
  vScheduleName,
  vPause,
  vScheduleStatus,
  type Pause,
  type Schedule,
  type ScheduleName,
  type ScheduleStatus,
} from "../shared/shared.js";
import { findTick, writeTick } from "./ticks.js";

const vScheduleChanged = v.object({
  revision: v.number(),
  schedule: vScheduleStatus,
});
type ScheduleChanged = Infer<typeof vScheduleChanged>;

const by = {
  actor: v.string(),
  expectedRevision: v.optional(v.number()),
};

/**
 * Changes what is named and leaves the rest; the new spec is in force at once, and what was due by
 * the old one until now is done.
 * @throws invalidSchedule `{ field, value }`; revisionConflict
 */
export const set = mutation({
  args: {
    name: vScheduleName,
    spec: v.optional(v.string()),
    timeZone: v.optional(v.string()),
    reason: v.optional(v.string()),
    ...by,
  },
  returns: vScheduleChanged,
  handler: async (ctx, { name, spec, timeZone, ...change }) => {
    const current = (await readSettings(ctx)).schedules[name];
    const schedule: Schedule = {
      ...current,
      spec: spec === undefined ? current.spec : tidySpec(spec),
      timeZone: timeZone ?? current.timeZone,
    };
    checkSpec(schedule);
    await answerDue(ctx, name, current, Date.now());
    const changed = await writeSchedule(ctx, name, schedule, change);
    await register(ctx, name, schedule);
    return { ...changed, schedule: await scheduleStatus(ctx, name) };
  },
});

/**
 * A paused schedule keeps ticking and starts nothing, so that it can end its pause by itself. What
 * is due at `until` is not within the pause any more.
 */
export const pause = mutation({
  args: {
    name: vScheduleName,
    reason: v.string(),
    until: v.optional(v.number()),
    ...by,
  },
  returns: vScheduleChanged,
  handler: async (ctx, { name, reason, until, ...change }) => {
    const at = Date.now();
    if (until !== undefined && until <= at) {
      fail("invalidArgument", `A pause must end in the future, got ${until}.`, {
        argument: "until",
      });
    }
    const current = (await readSettings(ctx)).schedules[name];
    await coverPause(ctx, name, current, at);
    const paused = {
      reason,
      actor: change.actor,
      at,
      ...(until === undefined ? {} : { until }),
    };
    return await writeSchedule(
      ctx,
      name,
      { ...current, paused },
      { ...change, reason },
    );
  },
});

export const resume = mutation({
  args: { name: vScheduleName, reason: v.optional(v.string()), ...by },
  returns: vScheduleChanged,
  handler: async (ctx, { name, ...change }) => {
    const current = (await readSettings(ctx)).schedules[name];
    await coverPause(ctx, name, current, Date.now());
    const { paused, ...schedule } = current;
    return await writeSchedule(ctx, name, schedule, change);
  },
});

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
    checkInteger("count", count, 1, 100);
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

/**
 * The one target of all crons. It only decides, and writes a run down: the work is done in
 * transactions of its own, so that nothing called from a run (an app's hook that edits schedules, say)
 * can ever delete the cron from inside the cron's own target, which cancels the job it runs in.
 */
export const dispatch = internalMutation({
  args: { name: vScheduleName },
  returns: v.null(),
  handler: async (ctx, { name }) => {
    const { schedules } = await readSettings(ctx);
    await answerDue(ctx, name, schedules[name], Date.now());
    return null;
  },
});

// ── For the rest of the component ───────────────────────────────────────────

/**
 * Deletes and registers in one transaction, so that there is no moment without the cron. Deleting
 * takes back a fire that was due and has not been done, so that is decided for first.
 */
export async function register(
  ctx: MutationCtx,
  name: ScheduleName,
  schedule: Schedule,
): Promise<void> {
  const now = Date.now();
  await answerDue(ctx, name, schedule, now);
  const crons = new Crons(components.crons);
  if ((await crons.get(ctx, { name })) !== null) {
    await crons.delete(ctx, { name });
  }
  // What the parser gives up on, crons cannot hold; the watchdog then has its fires done.
  if (cronsFireAfter(schedule, now) !== null) {
    await crons.register(
      ctx,
      { kind: "cron", cronspec: schedule.spec, tz: schedule.timeZone },
      internal.schedules.schedules.dispatch,
      { name },
      name,
    );
  }
  await writeTick(ctx, name, { registeredAt: now, answeredUntil: now });
  await fireWhatCronsOmits(ctx, name, schedule, now);
}

/** Until the watchdog looks again, with time to spare. */
const LOOK_AHEAD_MS = 20 * MINUTE_MS;

/** Crons leaves out days whose midnight the clocks skip; what is due on them is fired from here. */
export async function fireWhatCronsOmits(
  ctx: MutationCtx,
  name: ScheduleName,
  schedule: Schedule,
  now: number,
): Promise<void> {
  const due = dueAt(schedule, await findTick(ctx, name), now);
  if (due === null || due <= now || due > now + LOOK_AHEAD_MS) return;
  if (cronsFireAfter(schedule, now) === due) return;
  await ctx.scheduler.runAt(due, internal.schedules.schedules.dispatch, {
    name,
  });
}

export async function listSchedules(ctx: QueryCtx): Promise<ScheduleStatus[]> {
  const schedules: ScheduleStatus[] = [];
  for (const name of SCHEDULE_NAMES) {
    schedules.push(await scheduleStatus(ctx, name));
  }
  return schedules;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

async function writeSchedule(
  ctx: MutationCtx,
  name: ScheduleName,
  schedule: Schedule,
  change: { actor: string; reason?: string; expectedRevision?: number },
): Promise<ScheduleChanged> {
  const { schedules } = await readSettings(ctx);
  const { revision } = await writeSettings(
    ctx,
    { schedules: { ...schedules, [name]: schedule } },
    change,
  );
  return { revision, schedule: await scheduleStatus(ctx, name) };
}

async function scheduleStatus(
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

/** The time after which a schedule fires again: a pause is over at its end. */
function pauseEnd(paused: Pause | null, now: number): number {
  return paused?.until === undefined ? now : paused.until - 1;
}

function toClockChange({ at, local, change }: Fire) {
  if (change === undefined) return [];
  return [{ at, local: new Date(local).toISOString().slice(0, 19), change }];
}

function checkSpec(cron: CronSpec): void {
  const problem = specProblem(cron);
  if (problem === null) return;
  const { field, message } = problem;
  fail("invalidSchedule", message, { field, value: cron[field] });
}
