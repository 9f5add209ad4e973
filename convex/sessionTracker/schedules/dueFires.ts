/**
 * Which fire of a schedule is due, and answering for that fire. Each fire gets one decision, and all fires that
 * were missed get one together. Fires are counted by their own times, from the last one answered for, so that
 * it does not matter who asks, how late, or how often.
 */
import { ConvexError } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import type { FireOutcome, FireRecord } from "../shared/fires/fire.js";
import { openingAt } from "../shared/fires/windows.js";
import {
  pauseInForce,
  type Schedule,
  type ScheduleName,
} from "../shared/schedules.js";
import { DAY_MS, isFuture, MINUTE_MS } from "../shared/times.js";
import { pingWebhooks, tellWebhooks } from "../rows/outbox/outbox.js";
import { anythingDue } from "../runs/due.js";
import { runningRun } from "../runs/runRows.js";
import { startRun } from "../runs/start.js";
import { fireAfter } from "./fires.js";
import { walkFirings, type Firing } from "./firings.js";
import { remember } from "./history.js";
import { findTick, writeTick, type TickRow } from "./ticks.js";

/** Fires in a row: how many, and the due times of the first, the last, and the one before that. */
interface Span {
  count: number;
  first: number;
  beforeLast: number;
  last: number;
}

/** What is due of a schedule, in ms since the epoch. */
interface Due {
  /** When the first fire comes that is not answered for, past or to come. */
  at: number;
  /** The fires that have come by now, within the schedule's window and outside of it. */
  inside: Span | null;
  outside: Span | null;
  /** Once these are answered for, all fires due up to this time are. */
  answeredUntil: number;
  /** When a fire comes that is due and put off by its jitter. */
  putOffTo: number | null;
}

/** A fire this late was missed: crons is built on the scheduler, which runs seconds late at worst. */
export const LOST_AFTER_MS = 10 * MINUTE_MS;

/** The most fires that are counted one by one: a schedule that fires every minute may stand still for a year. */
const MAX_COUNTED_FIRES = 10_000;

/**
 * The fires that are not answered for; `null` for a schedule that was never registered. Fires within a pause that has
 * ended count as answered for: a pause covers the due times from its beginning up to its end, the end not included.
 * @param options.early takes fires that are put off for come
 */
export function findDue(
  schedule: Schedule,
  tick: TickRow | null,
  now: number,
  { early = false }: { early?: boolean } = {},
): Due | null {
  const answered = answeredUntil(tick);
  if (answered === null) return null;
  const due: Due = {
    at: now,
    inside: null,
    outside: null,
    answeredUntil: now,
    putOffTo: null,
  };
  if (isFuture(answered, now)) {
    // The last answer has the time of a clock that was ahead. Which fires were due since is unknown, so one
    // is, now.
    return { ...due, inside: grown(null, now) };
  }
  let first: Firing | null = null;
  let counted = 0;
  const from = uncoveredFrom(schedule, answered, now);
  for (const firing of walkFirings(schedule, tick, from)) {
    first ??= firing;
    if (firing.dueAt > now || counted === MAX_COUNTED_FIRES) break;
    if (!early && firing.at > now) {
      due.putOffTo = firing.at;
      due.answeredUntil = firing.dueAt - 1;
      break;
    }
    const where = firing.isInWindow ? "inside" : "outside";
    due[where] = grown(due[where], firing.dueAt);
    counted += 1;
  }
  if (counted === MAX_COUNTED_FIRES) {
    // The one that is answered for is the last.
    const last = lastFiring(schedule, tick, now);
    if (last !== null) due.inside = grown(due.inside, last);
  }
  return first === null ? null : { ...due, at: first.at };
}

/**
 * The time up to which fires are answered for, in ms since the epoch; `null` for a schedule never
 * registered.
 */
export function answeredUntil(
  tick: Pick<TickRow, "answeredUntil" | "lastAt" | "registeredAt"> | null,
): number | null {
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
 * Decides once for all fires that have come, and remembers what was decided; for one that is put off, has the schedule
 * tick again when it comes. Does nothing where none is due.
 * @param options.early decides for a fire that is put off, too, as after a change of the spec nothing else would
 */
export async function answerDue(
  ctx: MutationCtx,
  kind: ScheduleName,
  schedule: Schedule,
  now: number,
  options: { early?: boolean } = {},
): Promise<void> {
  const tick = await findTick(ctx, kind);
  const due = findDue(schedule, tick, now, options);
  if (due === null) return;
  const { inside, outside, putOffTo } = due;
  const spans = { inside, outside };
  if (inside !== null || outside !== null) {
    const decision = await decide(ctx, kind, schedule, spans, now);
    let last = tick?.last;
    for (const fire of firesOf(decision, spans, now)) {
      last = await remember(ctx, kind, last, fire);
    }
    if (inside !== null && due.at + LOST_AFTER_MS < now) {
      await tellOfMissed(ctx, kind, inside.first, now);
    }
    await writeTick(ctx, kind, {
      lastAt: now,
      answeredUntil: due.answeredUntil,
      lastResult: wordsOf(decision),
      last,
    });
  }
  if (putOffTo === null || putOffTo === tick?.wakeAt) return;
  await ctx.scheduler.runAt(putOffTo, internal.schedules.dispatch.tick, {
    name: kind,
  });
  await writeTick(ctx, kind, { wakeAt: putOffTo });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type Spans = Pick<Due, "inside" | "outside">;

interface Decision {
  outcome: Exclude<FireOutcome, "missed">;
  runId?: Id<"runs">;
  reason?: string;
}

async function tellOfMissed(
  ctx: MutationCtx,
  schedule: ScheduleName,
  due: number,
  noticed: number,
): Promise<void> {
  const dueAt = new Date(due).toISOString();
  const noticedAt = new Date(noticed).toISOString();
  const data = { schedule, dueAt, noticedAt };
  await tellWebhooks(ctx, { type: "schedule.missed", data });
}

/** When the last fire within the window was due that has come by now; for schedules that fire often. */
function lastFiring(
  schedule: Schedule,
  tick: TickRow | null,
  now: number,
): number | null {
  let last: number | null = null;
  for (const firing of walkFirings(schedule, tick, now - 2 * DAY_MS)) {
    if (firing.at > now) break;
    if (firing.isInWindow) last = firing.dueAt;
  }
  return last;
}

/** The time after which fires are not answered for, once a pause that is over is considered. */
function uncoveredFrom(
  schedule: Schedule,
  answered: number,
  now: number,
): number {
  const { paused } = schedule;
  if (paused?.until === undefined || paused.until > now) return answered;
  const first = fireAfter(schedule, answered);
  const isBefore = first !== null && first < paused.at;
  return isBefore ? answered : Math.max(answered, paused.until - 1);
}

/** Starts a run, unless the schedule is paused, a run of its kind is under way, or nothing is due. */
async function decide(
  ctx: MutationCtx,
  kind: ScheduleName,
  schedule: Schedule,
  { inside }: Spans,
  now: number,
): Promise<Decision> {
  const paused = pauseInForce(schedule, now);
  if (paused !== null) return { outcome: "paused", reason: paused.reason };
  if (inside === null) return { outcome: "outsideWindow" };
  const running = await runningRun(ctx, kind);
  if (running !== null) {
    return { outcome: "alreadyRunning", runId: running._id };
  }
  if (!(await anythingDue(ctx, kind, now))) {
    await pingWebhooks(ctx, kind);
    return { outcome: "nothingDue" };
  }
  try {
    const { runId } = await startRun(ctx, {
      kind,
      actor: "schedule",
      trigger: "schedule",
    });
    const outcome = isOpen(schedule, now) ? "started" : "waitingForWindow";
    return { outcome, runId };
  } catch (error) {
    // A refusal comes before anything is written.
    if (!(error instanceof ConvexError)) throw error;
    const { message } = error.data as { message?: string };
    return { outcome: "failed", reason: message ?? error.message };
  }
}

function isOpen({ window, timeZone }: Schedule, now: number): boolean {
  return (
    window === undefined || openingAt(window, timeZone, now).opensAt <= now
  );
}

/** The fires that a decision answers for, as they are remembered, in order. */
function firesOf(
  decision: Decision,
  { inside, outside }: Spans,
  at: number,
): Omit<FireRecord, "seq">[] {
  if (decision.outcome === "paused") {
    return [inside, outside].flatMap((span) =>
      span === null ? [] : [{ ...decision, ...spanned(span, span.last), at }],
    );
  }
  if (inside === null) {
    return outside === null
      ? []
      : [{ ...decision, ...spanned(outside, outside.last), at }];
  }
  const { count, first, beforeLast, last } = inside;
  const answered = {
    ...decision,
    ...spanned({ count: 1, first: last }, last),
    at,
  };
  if (count === 1) return [answered];
  const missed = spanned({ count: count - 1, first }, beforeLast);
  return [{ outcome: "missed", ...missed, at }, answered];
}

function spanned(
  { count, first }: Pick<Span, "count" | "first">,
  last: number,
) {
  return { count, firstDueAt: first, dueAt: last };
}

function grown(span: Span | null, dueAt: number): Span {
  if (span === null) {
    return { count: 1, first: dueAt, beforeLast: dueAt, last: dueAt };
  }
  const { count, first, last } = span;
  return { count: count + 1, first, beforeLast: last, last: dueAt };
}

/** The decision in words for people. */
function wordsOf({ outcome, runId, reason = "" }: Decision): string {
  switch (outcome) {
    case "started":
      return "started a run";
    case "nothingDue":
      return "nothing due";
    case "alreadyRunning":
      return `run ${runId ?? ""} was still going`;
    case "paused":
      return `paused: ${reason}`;
    case "outsideWindow":
      return "outside of its window";
    case "waitingForWindow":
      return `run ${runId ?? ""} waits for the window`;
    case "failed":
      return `failed: ${reason}`;
  }
}
