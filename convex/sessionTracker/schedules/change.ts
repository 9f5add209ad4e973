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
import { goOn } from "../runs/chain.js";
import { runningRun } from "../runs/runRows.js";
import { answerDue, coverPause } from "./dueFires.js";
import { register } from "./register.js";
import { scheduleStatus, vScheduleStatus } from "./show.js";
import { checkSchedule, vChangedTerms, withTerms } from "./terms.js";
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
 * Changes what is named of a schedule; what is left out stays. The new spec is in force at once. A fire that was due by
 * the old spec and not answered for, put off or not, is decided for first. A run that waits for the window, or works
 * in it, goes by the new window.
 * @throws invalidSchedule `{ field, value }`; revisionConflict; invalidArgument for an empty reason
 */
export const set = mutation({
  args: {
    name: vScheduleName,
    ...vChangedTerms,
    reason: v.optional(v.string()),
    ...by,
  },
  returns: vScheduleChanged,
  handler: async (
    ctx,
    { name: kind, actor, reason, expectedRevision, ...terms },
  ) => {
    const now = Date.now();
    const current = (await readSettings(ctx)).schedules[kind];
    const schedule = withTerms(current, terms);
    checkSchedule(schedule);
    const isRetimed =
      schedule.spec !== current.spec || schedule.timeZone !== current.timeZone;
    await answerDue(ctx, kind, current, now, { early: isRetimed });
    // The new spec owes nothing that it would have had before it was set.
    if (isRetimed && (await findTick(ctx, kind)) !== null) {
      await writeTick(ctx, kind, { answeredUntil: now });
    }
    const changed = await writeSchedule(ctx, kind, schedule, {
      actor,
      ...(reason === undefined ? {} : { reason }),
      ...(expectedRevision === undefined ? {} : { expectedRevision }),
    });
    await register(ctx, kind, schedule);
    await lookAtWindow(ctx, kind, now);
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
 * Ends the pause of a schedule. Fires that were due within the pause are not made up for, and runs that failed
 * before do not pause it again.
 * @throws revisionConflict; invalidArgument for an empty reason
 */
export const resume = mutation({
  args: { name: vScheduleName, reason: v.optional(v.string()), ...by },
  returns: vScheduleChanged,
  handler: async (ctx, { name: kind, ...change }) => {
    const current = (await readSettings(ctx)).schedules[kind];
    const now = Date.now();
    await coverPause(ctx, kind, current, now);
    if (current.pauseOnFailure !== undefined) {
      await writeTick(ctx, kind, { failuresFrom: now });
    }
    const { paused, ...schedule } = current;
    return await writeSchedule(ctx, kind, schedule, change);
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Lets a run that waits for its window look at once whether that is open. */
async function lookAtWindow(
  ctx: MutationCtx,
  kind: ScheduleName,
  now: number,
): Promise<void> {
  const run = await runningRun(ctx, kind);
  if (run?.waitingUntil === undefined || run.waitingUntil <= now) return;
  await goOn(ctx, run, { waitingUntil: undefined, nextPageAt: undefined });
}

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
