/**
 * Which fire of a schedule is due, and answering for that fire. Each fire gets one decision, and all fires that
 * were missed get one together. Fires are counted by their own times, from the last one answered for, so that
 * it does not matter who asks, how late, or how often.
 */
import type { MutationCtx } from "../_generated/server.js";
import {
  pauseInForce,
  type Schedule,
  type ScheduleName,
} from "../shared/schedules.js";
import { isFuture } from "../shared/times.js";
import { pingWebhooks } from "../rows/outbox/outbox.js";
import { anythingDue } from "../runs/due.js";
import { runningRun } from "../runs/runRows.js";
import { startRun } from "../runs/start.js";
import { fireAfter } from "./fires.js";
import { findTick, writeTick, type Tick } from "./ticks.js";

/**
 * The time of the first fire that is not answered for, past or to come, in ms since the epoch; `null` for a
 * schedule that was never registered. Fires within a pause that has ended count as answered for: a pause covers
 * the times from its beginning up to its end, the end not included.
 */
export function dueAt(
  schedule: Schedule,
  tick: Tick | null,
  now: number,
): number | null {
  const answered = answeredUntil(tick);
  if (answered === null) return null;
  // The last answer has the time of a clock that was ahead. Which fires were due since is unknown, so one
  // is, now.
  if (isFuture(answered, now)) return now;
  const { until = Infinity } = schedule.paused ?? {};
  return fireAfter(
    schedule,
    until <= now ? Math.max(answered, until - 1) : answered,
  );
}

/**
 * The time up to which fires are answered for, in ms since the epoch; `null` for a schedule never
 * registered.
 */
export function answeredUntil(tick: Tick | null): number | null {
  const { answeredUntil: at, lastAt, registeredAt } = tick ?? {};
  const known = at ?? Math.max(lastAt ?? 0, registeredAt ?? 0);
  return known === 0 ? null : known;
}

/**
 * Counts the fires that were due within a schedule's pause as answered for; to be called when the pause ends now
 * or is replaced. Fires due before the pause began stay due.
 */
export async function coverPause(
  ctx: MutationCtx,
  kind: ScheduleName,
  schedule: Schedule,
  now: number,
): Promise<void> {
  const { paused } = schedule;
  const answered = answeredUntil(await findTick(ctx, kind));
  if (paused === undefined || answered === null) return;
  const first = fireAfter(schedule, answered);
  const end = Math.min(now, (paused.until ?? Infinity) - 1);
  if (first === null || first < paused.at || first > end) return;
  await writeTick(ctx, kind, { answeredUntil: end });
}

/**
 * Decides once for all fires that are due, and writes the decision to the tick; does nothing where none is
 * due.
 */
export async function answerDue(
  ctx: MutationCtx,
  kind: ScheduleName,
  schedule: Schedule,
  now: number,
): Promise<void> {
  const due = dueAt(schedule, await findTick(ctx, kind), now);
  if (due === null || due > now) return;
  const lastResult = await decide(ctx, kind, schedule, now);
  await writeTick(ctx, kind, { lastAt: now, answeredUntil: now, lastResult });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * Starts a run, unless the schedule is paused, a run of its kind is under way, or nothing is due.
 * @returns the decision in words for people
 */
async function decide(
  ctx: MutationCtx,
  kind: ScheduleName,
  schedule: Schedule,
  now: number,
): Promise<string> {
  const paused = pauseInForce(schedule, now);
  if (paused !== null) return `paused: ${paused.reason}`;
  const running = await runningRun(ctx, kind);
  if (running !== null) return `run ${running._id} was still going`;
  if (!(await anythingDue(ctx, kind, now))) {
    await pingWebhooks(ctx, kind);
    return "nothing due";
  }
  await startRun(ctx, { kind, actor: "schedule", trigger: "schedule" });
  return "started a run";
}
