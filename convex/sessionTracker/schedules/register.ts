/** Keeping in `@convex-dev/crons` what the settings say, and firing what it leaves out. */
import { Crons } from "@convex-dev/crons";
import { components, internal } from "../_generated/api.js";
import type { MutationCtx } from "../_generated/server.js";
import {
  MINUTE_MS,
  type Schedule,
  type ScheduleName,
} from "../shared/shared.js";
import { answerDue, dueAt } from "./dueFires.js";
import { cronsFireAfter } from "./fires.js";
import { findTick, writeTick } from "./ticks.js";

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
      internal.schedules.dispatch.tick,
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
  await ctx.scheduler.runAt(due, internal.schedules.dispatch.tick, {
    name,
  });
}
