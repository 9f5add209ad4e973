/** Registering the schedules of the settings with `@convex-dev/crons`, and firing what crons leaves out. */
import { Crons } from "@convex-dev/crons";
import { createFunctionHandle } from "convex/server";
import { components, internal } from "../_generated/api.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import type { Schedule, ScheduleName } from "../shared/schedules.js";
import { MINUTE_MS } from "../shared/times.js";
import { answerDue, answeredUntil, findDue } from "./dueFires.js";
import { cronsFireAfter, fireAfter, isOmittedByCrons } from "./fires.js";
import { findTick, writeTick } from "./ticks.js";

/**
 * Registers a schedule with crons in place of the cron that there is, in one transaction, so that there is no
 * moment without a cron. A fire that has come is decided for first, as deleting the old cron would lose it; one that
 * is put off stays put off.
 */
export async function register(
  ctx: MutationCtx,
  kind: ScheduleName,
  schedule: Schedule,
): Promise<void> {
  const now = Date.now();
  await answerDue(ctx, kind, schedule, now);
  const crons = new Crons(components.crons);
  if ((await crons.get(ctx, { name: kind })) !== null) {
    await crons.delete(ctx, { name: kind });
  }
  // Crons cannot hold a spec that its parser gives up on; the watchdog then sees to the schedule's fires.
  if (cronsFireAfter(schedule, now) !== null) {
    await crons.register(
      ctx,
      { kind: "cron", cronspec: schedule.spec, tz: schedule.timeZone },
      internal.schedules.dispatch.tick,
      { name: kind },
      kind,
    );
  }
  const tick = await findTick(ctx, kind);
  const putOffTo = findDue(schedule, tick, now)?.putOffTo ?? null;
  const answered = putOffTo === null ? now : (answeredUntil(tick) ?? now);
  await writeTick(ctx, kind, { registeredAt: now, answeredUntil: answered });
  await fireWhatCronsOmits(ctx, kind, schedule, now);
}

/** Whether crons has a schedule, and whether with the spec, time zone and target that it should have. */
export async function stateInCrons(
  ctx: QueryCtx,
  kind: ScheduleName,
  { spec, timeZone }: Schedule,
): Promise<"same" | "different" | "missing"> {
  const cron = await new Crons(components.crons).get(ctx, { name: kind });
  if (cron === null) return "missing";
  const { schedule, functionHandle } = cron;
  const isSame =
    schedule.kind === "cron" &&
    schedule.cronspec === spec &&
    (schedule.tz ?? "UTC") === timeZone &&
    functionHandle === (await targetHandle());
  return isSame ? "same" : "different";
}

/**
 * Whether the cron of a schedule has a target from before an upgrade, whose module is gone. The next fire of such
 * a cron would fail, and crons would then drop it.
 */
export async function hasOldTarget(
  ctx: QueryCtx,
  kind: ScheduleName,
): Promise<boolean> {
  const cron = await new Crons(components.crons).get(ctx, { name: kind });
  return cron !== null && cron.functionHandle !== (await targetHandle());
}

/** How far ahead fires are seen to: until the watchdog's next look, and some time to spare. */
const LOOK_AHEAD_MS = 20 * MINUTE_MS;

/** Schedules a tick for a fire that crons leaves out, as it does on days whose midnight the clocks skip. */
export async function fireWhatCronsOmits(
  ctx: MutationCtx,
  kind: ScheduleName,
  schedule: Schedule,
  now: number,
): Promise<void> {
  const answered = answeredUntil(await findTick(ctx, kind));
  const due = fireAfter(schedule, Math.max(answered ?? now, now));
  if (answered === null || due === null || due > now + LOOK_AHEAD_MS) return;
  if (!isOmittedByCrons(schedule, now, due)) return;
  await ctx.scheduler.runAt(due, internal.schedules.dispatch.tick, {
    name: kind,
  });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The handle of the function that each cron has to call. */
function targetHandle(): Promise<string> {
  return createFunctionHandle(internal.schedules.dispatch.tick);
}
