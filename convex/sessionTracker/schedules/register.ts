/** Keeping in `@convex-dev/crons` what the settings say, and firing what it leaves out. */
import { Crons } from "@convex-dev/crons";
import { createFunctionHandle } from "convex/server";
import { components, internal } from "../_generated/api.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import type { RunKind } from "../shared/runKinds.js";
import type { Schedule } from "../shared/schedules.js";
import { MINUTE_MS } from "../shared/times.js";
import { answerDue, dueAt } from "./dueFires.js";
import { cronsFireAfter } from "./fires.js";
import { findTick, writeTick } from "./ticks.js";

/**
 * Deletes and registers in one transaction, so that there is no moment without the cron. Deleting
 * takes back a fire that was due and has not been done, so that is decided for first.
 */
export async function register(
  ctx: MutationCtx,
  kind: RunKind,
  schedule: Schedule,
): Promise<void> {
  const now = Date.now();
  await answerDue(ctx, kind, schedule, now);
  const crons = new Crons(components.crons);
  if ((await crons.get(ctx, { name: kind })) !== null) {
    await crons.delete(ctx, { name: kind });
  }
  // What the parser gives up on, crons cannot hold; the watchdog then has its fires done.
  if (cronsFireAfter(schedule, now) !== null) {
    await crons.register(
      ctx,
      { kind: "cron", cronspec: schedule.spec, tz: schedule.timeZone },
      internal.schedules.dispatch.tick,
      { name: kind },
      kind,
    );
  }
  await writeTick(ctx, kind, { registeredAt: now, answeredUntil: now });
  await fireWhatCronsOmits(ctx, kind, schedule, now);
}

/** What crons has of a schedule, beside what the settings say. */
export async function stateInCrons(
  ctx: QueryCtx,
  kind: RunKind,
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
 * Whether crons has a schedule with a target from before an upgrade, whose module is gone: its next fire
 * would fail, and be its last.
 */
export async function hasOldTarget(
  ctx: QueryCtx,
  kind: RunKind,
): Promise<boolean> {
  const cron = await new Crons(components.crons).get(ctx, { name: kind });
  return cron !== null && cron.functionHandle !== (await targetHandle());
}

/** The time until the watchdog looks again, and some to spare. */
const LOOK_AHEAD_MS = 20 * MINUTE_MS;

/** Crons leaves out days whose midnight the clocks skip; what is due on them is fired from here. */
export async function fireWhatCronsOmits(
  ctx: MutationCtx,
  kind: RunKind,
  schedule: Schedule,
  now: number,
): Promise<void> {
  const due = dueAt(schedule, await findTick(ctx, kind), now);
  if (due === null || due <= now || due > now + LOOK_AHEAD_MS) return;
  if (cronsFireAfter(schedule, now) === due) return;
  await ctx.scheduler.runAt(due, internal.schedules.dispatch.tick, {
    name: kind,
  });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function targetHandle(): Promise<string> {
  return createFunctionHandle(internal.schedules.dispatch.tick);
}
