/** Cron schedules that live in the settings and are changed at runtime through `@convex-dev/crons`. */
import { Crons } from "@convex-dev/crons";
import { v, type Infer } from "convex/values";
import { components, internal } from "./_generated/api.js";
import {
  internalMutation,
  mutation,
  query,
  type MutationCtx,
  type QueryCtx,
} from "./_generated/server.js";
import {
  lastFire,
  nextFires,
  specProblem,
  type CronSpec,
} from "./cronSpecs.js";
import { checkInteger, fail } from "./errors.js";
import { anythingDue, runningRun } from "./runRows.js";
import { startRun } from "./runs.js";
import { readSettings, writeSettings } from "./settings.js";
import {
  pauseInForce,
  SCHEDULE_NAMES,
  vScheduleName,
  vScheduleStatus,
  type Schedule,
  type ScheduleName,
  type ScheduleStatus,
} from "./shared.js";
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
 * Changes what is named and leaves the rest; the new spec is in force at once.
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
      spec: spec?.trim() ?? current.spec,
      timeZone: timeZone ?? current.timeZone,
    };
    checkSpec(schedule);
    const changed = await writeSchedule(ctx, name, schedule, change);
    await register(ctx, name, schedule);
    return { ...changed, schedule: await scheduleStatus(ctx, name) };
  },
});

/** A paused schedule keeps ticking and starts nothing, so that it can end its pause by itself. */
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
    const { paused, ...schedule } = (await readSettings(ctx)).schedules[name];
    return await writeSchedule(ctx, name, schedule, change);
  },
});

/** The next fires of a schedule as it is, or as it would be with another spec or zone. */
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
  }),
  handler: async (ctx, { name, count = 5, from, ...given }) => {
    const current =
      name === undefined
        ? { spec: "", timeZone: "UTC" }
        : (await readSettings(ctx)).schedules[name];
    const cron = {
      spec: given.spec?.trim() ?? current.spec,
      timeZone: given.timeZone ?? current.timeZone,
    };
    checkSpec(cron);
    checkInteger("count", count, 1, 100);
    return { ...cron, fires: nextFires(cron, from ?? Date.now(), count) };
  },
});

export const list = query({
  args: {},
  returns: v.array(vScheduleStatus),
  handler: (ctx) => listSchedules(ctx),
});

/**
 * The one target of all crons. It only decides, and writes a run down: the work is done in transactions
 * of its own, so that nothing called from a run (an app's hook that edits schedules, say) can ever delete the
 * cron from inside the cron's own target, which cancels the job it runs in.
 */
export const dispatch = internalMutation({
  args: { name: vScheduleName },
  returns: v.null(),
  handler: async (ctx, { name }) => {
    const now = Date.now();
    const tick = await findTick(ctx, name);
    const settings = await readSettings(ctx);
    const schedule = settings.schedules[name];
    // After a long stop crons fires once for every missed time; the first tick answers for all.
    if ((tick?.lastAt ?? 0) >= lastFire(schedule, now)) return null;

    const lastResult = await decide(ctx, name, schedule, now);
    await writeTick(ctx, name, { lastAt: now, lastResult });
    return null;
  },
});

// ── For the rest of the component ───────────────────────────────────────────

/** Deletes and registers in one transaction, so that there is no moment without the cron. */
export async function register(
  ctx: MutationCtx,
  name: ScheduleName,
  { spec, timeZone }: CronSpec,
): Promise<void> {
  const crons = new Crons(components.crons);
  if ((await crons.get(ctx, { name })) !== null) {
    await crons.delete(ctx, { name });
  }
  await crons.register(
    ctx,
    { kind: "cron", cronspec: spec, tz: timeZone },
    internal.schedules.dispatch,
    { name },
    name,
  );
  await writeTick(ctx, name, { registeredAt: Date.now() });
}

export async function listSchedules(ctx: QueryCtx): Promise<ScheduleStatus[]> {
  const schedules: ScheduleStatus[] = [];
  for (const name of SCHEDULE_NAMES) {
    schedules.push(await scheduleStatus(ctx, name));
  }
  return schedules;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

async function decide(
  ctx: MutationCtx,
  name: ScheduleName,
  schedule: Schedule,
  now: number,
): Promise<string> {
  const paused = pauseInForce(schedule, now);
  if (paused !== null) return `paused: ${paused.reason}`;
  const running = await runningRun(ctx, name);
  if (running !== null) return `run ${running._id} was still going`;
  if (!(await anythingDue(ctx, name, now))) return "nothing due";
  await startRun(ctx, { kind: name, actor: "schedule", trigger: "schedule" });
  return "started a run";
}

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
  const [nextAt = null] =
    registered && !waitsForever
      ? nextFires(schedule, paused?.until ?? now, 1)
      : [];
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

function checkSpec(cron: CronSpec): void {
  const problem = specProblem(cron);
  if (problem === null) return;
  const { field, message } = problem;
  fail("invalidSchedule", message, { field, value: cron[field] });
}
