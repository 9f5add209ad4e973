/** Changing schedules at runtime: schedules are settings, so each change has a revision and a log entry. */
import { v, type Infer } from "convex/values";
import { mutation, type MutationCtx } from "../_generated/server.js";
import { fail } from "../shared/errors.js";
import {
  type Schedule,
  type ScheduleName,
  vScheduleName,
} from "../shared/schedules.js";
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
 * Changes the spec or the time zone of a schedule, or both; what is left out stays. The new spec is in force at
 * once. A fire that was due by the old spec and not answered for is decided for first.
 * @throws invalidSchedule `{ field, value }`; revisionConflict; invalidArgument for an empty reason
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
 * Pauses a schedule, or replaces its pause. A paused schedule keeps ticking and starts no runs, so that it can
 * end its pause by itself. A fire that is due exactly at `until` is after the pause.
 * @throws invalidArgument for an `until` that is past, or an empty reason; revisionConflict
 */
export const pause = mutation({
  args: {
    name: vScheduleName,
    reason: v.string(),
    /** When the pause ends by itself, in ms since the epoch. @default when somebody resumes the schedule */
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

/**
 * Ends the pause of a schedule. Fires that were due within the pause are not made up for.
 * @throws revisionConflict; invalidArgument for an empty reason
 */
export const resume = mutation({
  args: { name: vScheduleName, reason: v.optional(v.string()), ...by },
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
  kind: ScheduleName,
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
