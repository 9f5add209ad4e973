/**
 * The watchdog sees to it that schedules and runs live: it registers the schedules of a fresh deployment and
 * those that crons lost, decides for fires that were missed, lets runs go on that stand still, has hooks make up for
 * the calls that they owe, sends deliveries of webhooks that were lost, says where sessions wait too long, and trims
 * ledgers and the audit log. Each deploy calls the watchdog at once, so that
 * schedules and runs which wait for functions of an earlier version are set to those of this version.
 * A fuse keeps the watchdog from restarting something broken for ever; `status` then says that the watchdog gave
 * up, and why.
 */
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { internalMutation, type MutationCtx } from "../_generated/server.js";
import { RUN_KINDS } from "../shared/runs/kinds.js";
import {
  type Schedule,
  SCHEDULE_NAMES,
  type ScheduleName,
  vScheduleName,
} from "../shared/schedules.js";
import {
  ABANDONED_AFTER_MS,
  HOUR_MS,
  STUCK_AFTER_MS,
  isFuture,
} from "../shared/times.js";
import type { WebhookEvent } from "../shared/webhooks/events.js";
import { tellWebhooks } from "../rows/outbox/outbox.js";
import { readSettings } from "../settings/inForce.js";
import { goOn } from "../runs/chain.js";
import { finishRun, runningRun, withError } from "../runs/runRows.js";
import {
  answerDue,
  answeredUntil,
  findDue,
  LOST_AFTER_MS,
} from "./dueFires.js";
import { pauseFailing } from "./failures.js";
import { lookAfterHooks } from "./hooks.js";
import { fireWhatCronsOmits, hasOldTarget, register } from "./register.js";
import { findTick, writeTick } from "./ticks.js";
import { lookAtBacklog } from "./telling/backlog.js";
import { resendLost, trimDeliveries } from "./telling/deliveries.js";
import { trimAudit, trimRuns } from "./trim.js";

/**
 * The fuse blows after `MAX_RESTARTS` within this time. The check comes four times an hour, so that in a window
 * of one hour a single run could never blow the fuse.
 */
const FUSE_WINDOW_MS = 6 * HOUR_MS;
const MAX_RESTARTS = 5;

/** The watchdog's look, called by the static cron. */
export const check = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const now = Date.now();
    await registerNew(ctx);
    const moved = await moveToThisVersion(ctx, now);
    await pauseAllFailing(ctx, now);
    await lookAfter(ctx, now);
    if (moved.length > 0) {
      const lastResult = `moved to this version: ${moved.join(", ")}`;
      await writeTick(ctx, "watchdog", { lastResult });
    }
    const { schedules } = await readSettings(ctx);
    for (const kind of SCHEDULE_NAMES) {
      await fireWhatCronsOmits(ctx, kind, schedules[kind], now);
    }
    await lookAfterHooks(ctx, now);
    await lookAtBacklog(ctx, now);
    await resendLost(ctx, now);
    await trimRuns(ctx, now);
    await trimAudit(ctx, now);
    await trimDeliveries(ctx, now);
    return null;
  },
});

export const vRestarted = v.union(
  v.object({
    kind: v.literal("scheduleRestarted"),
    schedule: vScheduleName,
    why: v.union(v.literal("didNotFire"), v.literal("tickedInTheFuture")),
  }),
  v.object({
    kind: v.literal("runRestarted"),
    runId: v.id("runs"),
    why: v.union(v.literal("stoodStill"), v.literal("gotOnInTheFuture")),
  }),
);
/** A schedule or a run that was restarted, and why. */
export type Restarted = Infer<typeof vRestarted>;

/**
 * Restarts schedules that lost a fire and runs that stand still, as far as the fuse allows.
 * @returns what was restarted
 */
export async function lookAfter(
  ctx: MutationCtx,
  now: number,
): Promise<Restarted[]> {
  const ailing = [
    ...(await lostSchedules(ctx, now)),
    ...(await stuckRuns(ctx, now)),
  ];
  const { restarted, ...outcome } = await restart(ctx, ailing, now);
  await writeTick(ctx, "watchdog", { lastAt: now, ...outcome });
  return restarted;
}

/** A schedule or a run that has to be restarted, and how. */
interface Ailing {
  what: Restarted;
  restart: () => Promise<void>;
  /** What webhooks are told of when it is restarted. */
  told?: WebhookEvent;
}

async function pauseAllFailing(ctx: MutationCtx, now: number): Promise<void> {
  for (const kind of SCHEDULE_NAMES) {
    const { schedules } = await readSettings(ctx);
    await pauseFailing(ctx, kind, schedules[kind], now);
  }
}

async function registerNew(ctx: MutationCtx): Promise<void> {
  const { schedules } = await readSettings(ctx);
  for (const kind of SCHEDULE_NAMES) {
    const tick = await findTick(ctx, kind);
    if (tick?.registeredAt === undefined) {
      await register(ctx, kind, schedules[kind]);
    }
  }
}

/**
 * Sets schedules and runs to the functions of this version. After an upgrade that moved functions, crons and
 * workpool still call the old names, which are gone. The fuse does not count this as a restart, because it
 * always helps and happens once an upgrade.
 * @returns the schedules and runs that were set, in words for people
 */
async function moveToThisVersion(
  ctx: MutationCtx,
  now: number,
): Promise<string[]> {
  const { schedules } = await readSettings(ctx);
  const moved: string[] = [];
  for (const kind of SCHEDULE_NAMES) {
    if (!(await hasOldTarget(ctx, kind))) continue;
    await register(ctx, kind, schedules[kind]);
    moved.push(`schedule ${kind}`);
  }
  if (moved.length === 0) return [];
  for (const kind of RUN_KINDS) {
    const run = await runningRun(ctx, kind);
    if (run === null || run.archiveFile !== undefined) continue;
    // A run that was started just now, for a fire that was due, still waits for its first page.
    if (run.startedAt >= now) continue;
    await goOn(ctx, run);
    moved.push(`run ${run._id}`);
  }
  return moved;
}

/**
 * The schedules that lost a fire. The fires that were missed are decided for at once, whether or not the fuse
 * allows the schedule to be registered again.
 */
async function lostSchedules(ctx: MutationCtx, now: number): Promise<Ailing[]> {
  const { schedules } = await readSettings(ctx);
  const lost: Ailing[] = [];
  for (const kind of SCHEDULE_NAMES) {
    const why = await whyLost(ctx, kind, schedules[kind], now);
    if (why === null) continue;
    await answerDue(ctx, kind, schedules[kind], now);
    lost.push({
      what: { kind: "scheduleRestarted", schedule: kind, why },
      restart: () => register(ctx, kind, schedules[kind]),
    });
  }
  return lost;
}

async function whyLost(
  ctx: MutationCtx,
  kind: ScheduleName,
  schedule: Schedule,
  now: number,
): Promise<"didNotFire" | "tickedInTheFuture" | null> {
  const tick = await findTick(ctx, kind);
  // The last tick has the time of a clock that was ahead, so the cron's next fire is as far ahead.
  if (isFuture(answeredUntil(tick) ?? 0, now)) return "tickedInTheFuture";
  const due = findDue(schedule, tick, now)?.at ?? Infinity;
  return due + LOST_AFTER_MS < now ? "didNotFire" : null;
}

async function stuckRuns(ctx: MutationCtx, now: number): Promise<Ailing[]> {
  const stuck: Ailing[] = [];
  for (const kind of RUN_KINDS) {
    const run = await runningRun(ctx, kind);
    if (run === null) continue;
    if (run.archiveFile !== undefined) {
      await cancelAbandoned(ctx, run, now);
      continue;
    }
    // A run with a rate that waits for its next page does not stand still.
    const isAhead = isFuture(run.progressAt, now);
    const due = Math.max(run.progressAt, run.nextPageAt ?? 0);
    if (!isAhead && due + STUCK_AFTER_MS >= now) continue;
    stuck.push({
      what: {
        kind: "runRestarted",
        runId: run._id,
        why: isAhead ? "gotOnInTheFuture" : "stoodStill",
      },
      ...(isAhead ? {} : { told: stuckEvent(run) }),
      restart: () =>
        goOn(
          ctx,
          run,
          isAhead ? { progressAt: now, nextPageAt: undefined } : {},
        ),
    });
  }
  return stuck;
}

function stuckEvent(run: Doc<"runs">): WebhookEvent {
  const { _id: runId, kind, startedAt, progressAt } = run;
  const data = {
    runId,
    kind,
    startedAt: new Date(startedAt).toISOString(),
    progressAt: new Date(progressAt).toISOString(),
  };
  return { type: "run.stuck", data };
}

/**
 * Cancels an archived run that its operator has left for a day: the component cannot write the archive, and no
 * other purge can start while the run is under way.
 */
async function cancelAbandoned(
  ctx: MutationCtx,
  run: Doc<"runs">,
  now: number,
): Promise<void> {
  if (isFuture(run.progressAt, now)) {
    await ctx.db.patch("runs", run._id, {
      progressAt: now,
      nextPageAt: undefined,
    });
    return;
  }
  const due = Math.max(run.progressAt, run.nextPageAt ?? 0);
  if (due + ABANDONED_AFTER_MS >= now) return;
  const message = `Nobody has gone on with its archive ${run.archiveFile ?? ""} for a day. Resume it with that file.`;
  const errors = withError(run, { message });
  const by = { actor: "watchdog", reason: "no archive for a day" };
  await finishRun(ctx, run, "canceled", { errors }, by);
}

async function restart(ctx: MutationCtx, ailing: Ailing[], now: number) {
  const tick = await findTick(ctx, "watchdog");
  const restarts = (tick?.restarts ?? []).filter(
    (at) => at > now - FUSE_WINDOW_MS && !isFuture(at, now),
  );
  const restarted: Restarted[] = [];
  const left: Restarted[] = [];
  for (const { what, restart, told } of ailing) {
    if (restarts.length >= MAX_RESTARTS) {
      left.push(what);
      continue;
    }
    await restart();
    if (told !== undefined) await tellWebhooks(ctx, told);
    restarts.push(now);
    restarted.push(what);
  }
  const gaveUp =
    left.length === 0
      ? undefined
      : {
          at: tick?.gaveUp?.at ?? now,
          why: `${MAX_RESTARTS} restarts within six hours did not help: ${wordsOf(left)}`,
        };
  if (gaveUp !== undefined && tick?.gaveUp === undefined) {
    const { why } = gaveUp;
    await tellWebhooks(ctx, { type: "watchdog.gaveUp", data: { why } });
  }
  const lastResult =
    restarted.length === 0
      ? "all well"
      : `restarted, because ${wordsOf(restarted)}`;
  return { restarted, restarts, gaveUp, lastResult: gaveUp?.why ?? lastResult };
}

/** The restarts in words, for people who read the watchdog's last result. */
function wordsOf(restarts: Restarted[]): string {
  return restarts
    .map((one) =>
      one.kind === "runRestarted"
        ? `run ${one.runId} ${WORDS[one.why]}`
        : `schedule ${one.schedule} ${WORDS[one.why]}`,
    )
    .join("; ");
}

const WORDS: Record<Restarted["why"], string> = {
  didNotFire: "did not fire",
  tickedInTheFuture: "ticked in the future",
  stoodStill: "stood still",
  gotOnInTheFuture: "got on in the future",
};
