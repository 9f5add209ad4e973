/** Changing schedules at runtime: they live in the settings. */
import { v, type Infer } from "convex/values";
import { mutation, type MutationCtx } from "../_generated/server.js";
import { fail } from "../shared/errors.js";
import { type RunKind, vRunKind } from "../shared/runKinds.js";
import type { Schedule } from "../shared/schedules.js";
import { readSettings } from "../settings/inForce.js";
import { writeSettings } from "../settings/settings.js";
import { checkSpec, tidySpec } from "./cronSpecs.js";
import { answerDue, coverPause } from "./dueFires.js";
import { register } from "./register.js";
import { scheduleStatus, vScheduleStatus } from "./show.js";

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
    name: vRunKind,
    spec: v.optional(v.string()),
    timeZone: v.optional(v.string()),
    reason: v.optional(v.string()),
    ...by,
  },
  returns: vScheduleChanged,
  handler: async (ctx, { name: kind, spec, timeZone, ...change }) => {
    const current = (await readSettings(ctx)).schedules[kind];
    const schedule: Schedule = {
      ...current,
      spec: spec === undefined ? current.spec : tidySpec(spec),
      timeZone: timeZone ?? current.timeZone,
    };
    checkSpec(schedule);
    await answerDue(ctx, kind, current, Date.now());
    const changed = await writeSchedule(ctx, kind, schedule, change);
    await register(ctx, kind, schedule);
    return { ...changed, schedule: await scheduleStatus(ctx, kind) };
  },
});

/**
 * A paused schedule keeps ticking and starts nothing, so that it can end its pause by itself. What
 * is due at `until` is not within the pause any more.
 */
export const pause = mutation({
  args: {
    name: vRunKind,
    reason: v.string(),
    until: v.optional(v.number()),
    ...by,
  },
  returns: vScheduleChanged,
  handler: async (ctx, { name: kind, reason, until, ...change }) => {
    const at = Date.now();
    if (until !== undefined && until <= at) {
      fail("invalidArgument", `A pause must end in the future, got ${until}.`, {
        argument: "until",
      });
    }
    const current = (await readSettings(ctx)).schedules[kind];
    await coverPause(ctx, kind, current, at);
    const paused = {
      reason,
      actor: change.actor,
      at,
      ...(until === undefined ? {} : { until }),
    };
    return await writeSchedule(
      ctx,
      kind,
      { ...current, paused },
      { ...change, reason },
    );
  },
});

export const resume = mutation({
  args: { name: vRunKind, reason: v.optional(v.string()), ...by },
  returns: vScheduleChanged,
  handler: async (ctx, { name: kind, ...change }) => {
    const current = (await readSettings(ctx)).schedules[kind];
    await coverPause(ctx, kind, current, Date.now());
    const { paused, ...schedule } = current;
    return await writeSchedule(ctx, kind, schedule, change);
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function writeSchedule(
  ctx: MutationCtx,
  kind: RunKind,
  schedule: Schedule,
  change: { actor: string; reason?: string; expectedRevision?: number },
): Promise<ScheduleChanged> {
  const { schedules } = await readSettings(ctx);
  const { revision } = await writeSettings(
    ctx,
    { schedules: { ...schedules, [kind]: schedule } },
    change,
  );
  return { revision, schedule: await scheduleStatus(ctx, kind) };
}
