/** The figures for scrapers of metrics. */
import { v } from "convex/values";
import { query, type QueryCtx } from "../_generated/server.js";
import { checkInteger } from "../shared/errors.js";
import { DEBTS_COUNTED } from "../shared/limits.js";
import { type Figures, vFigures } from "../shared/metrics/figures.js";
import { RUN_KINDS, type RunKind } from "../shared/runs/kinds.js";
import {
  pauseInForce,
  SCHEDULE_NAMES,
  type ScheduleName,
} from "../shared/schedules.js";
import {
  expireCutoff,
  purgeCutoff,
  type Settings,
} from "../shared/settings.js";
import { DAY_MS } from "../shared/times.js";
import { VERSION } from "../shared/version.js";
import { countSessions } from "../rows/counters.js";
import { byDay, dayOf, NOTHING, shardsOf } from "../rows/days.js";
import { allWebhooks } from "../rows/outbox/outbox.js";
import { readRefusals } from "../rows/refusals.js";
import { readRunTotals } from "../rows/runs/runTotals.js";
import { walkDebts, walkDeliveries, walkInactive } from "../rows/walks.js";
import { readSettings } from "../settings/inForce.js";
import { dueLeases, dueSessions } from "../runs/due.js";
import { runningRun } from "../runs/runRows.js";
import { answeredUntil } from "../schedules/dueFires.js";
import { firingsAfter } from "../schedules/firings.js";
import { findTick } from "../schedules/ticks.js";

/**
 * The figures as of `at`, in ms since the epoch. The query never asks for the time, so that Convex answers it again
 * from its cache, as long as nothing changes and the same `at` is asked for: give the last full minute. It reads a few
 * dozen documents whatever the number of sessions, and those that are due, up to 1,000 of each kind of run.
 * @throws invalidArgument
 */
export const get = query({
  args: { at: v.number() },
  returns: vFigures,
  handler: async (ctx, { at }): Promise<Figures> => {
    checkInteger("at", at, 0, MAX_TIME);
    const settings = await readSettings(ctx);
    const { active, expired, ended } = await countSessions(ctx);
    const { lastAt: _, ...refused } = await readRefusals(ctx, at);
    const watchdog = await findTick(ctx, "watchdog");
    return {
      version: VERSION,
      sessions: { active, expired, ended },
      today: await figuresOf(ctx, dayOf(at)),
      oldestInactiveAt: await oldestInactive(ctx),
      backlog: [
        await idleBacklog(ctx, settings, at),
        await purgeBacklog(ctx, settings, at),
      ],
      runs: await totals(ctx),
      kinds: await Promise.all(RUN_KINDS.map((kind) => lastOf(ctx, kind))),
      schedules: await Promise.all(
        SCHEDULE_NAMES.map((name) => scheduleOf(ctx, settings, name, at)),
      ),
      refused,
      watchdog: {
        lastAt: watchdog?.lastAt ?? null,
        gaveUpAt: watchdog?.gaveUp?.at ?? null,
      },
      hookDebts: (await walkDebts(ctx, OLDEST_FIRST).take(DEBTS_COUNTED))
        .length,
      webhooks: (await allWebhooks(ctx)).map(
        ({ _id, failingSince = null, disabled }) => ({
          webhookId: _id,
          failingSince,
          isDisabled: disabled !== undefined,
        }),
      ),
      failedDeliveries: (
        await walkDeliveries(ctx, { status: "failed" }, OLDEST_FIRST).take(
          FAILURES_COUNTED,
        )
      ).length,
    };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

const OLDEST_FIRST = { order: "asc", after: null } as const;
/** The sessions that are due are counted up to this number, as in `status`. */
const BACKLOG_COUNTED = 1_000;
const FAILURES_COUNTED = 100;
/** The last time that JavaScript has a date for. */
const MAX_TIME = 8.64e15;

async function figuresOf(
  ctx: QueryCtx,
  day: string,
): Promise<Figures["today"]> {
  const [figures] = byDay(await shardsOf(ctx, day));
  return figures ?? { day, ...NOTHING };
}

async function oldestInactive(ctx: QueryCtx): Promise<number | null> {
  const [session] = await walkInactive(ctx, OLDEST_FIRST).take(1);
  return session?.inactiveSince ?? null;
}

type Backlog = Figures["backlog"][number];

async function idleBacklog(
  ctx: QueryCtx,
  { idleTimeoutMs }: Settings,
  at: number,
): Promise<Backlog> {
  const cutoff = expireCutoff(idleTimeoutMs, at);
  const leases = await dueLeases(ctx, { cutoff }, null, BACKLOG_COUNTED);
  const [first] = leases;
  const dueSince =
    first === undefined ? null : first.lastActive + idleTimeoutMs;
  return { kind: "expire", sessions: leases.length, dueSince };
}

async function purgeBacklog(
  ctx: QueryCtx,
  { retentionDays }: Settings,
  at: number,
): Promise<Backlog> {
  const cutoff = purgeCutoff(retentionDays, at);
  if (cutoff === null || retentionDays === "never") {
    return { kind: "purge", sessions: 0, dueSince: null };
  }
  const due = { cutoff };
  const { sessions } = await dueSessions(ctx, due, null, BACKLOG_COUNTED, at);
  const first = sessions[0]?.inactiveSince;
  return {
    kind: "purge",
    sessions: sessions.length,
    dueSince:
      first === undefined ? null : Math.ceil(first + retentionDays * DAY_MS),
  };
}

async function totals(ctx: QueryCtx): Promise<Figures["runs"]> {
  return (await readRunTotals(ctx)).map(
    ({ kind, status, runs, durationMs }) => ({
      kind,
      status,
      runs,
      durationMs,
    }),
  );
}

async function lastOf(
  ctx: QueryCtx,
  kind: RunKind,
): Promise<Figures["kinds"][number]> {
  const running = await runningRun(ctx, kind);
  const ends: number[] = [];
  for (const status of ["completed", "maxReached"] as const) {
    const newest = await ctx.db
      .query("runs")
      .withIndex("status_kind", (q) => q.eq("status", status).eq("kind", kind))
      .order("desc")
      .first();
    if (newest?.finishedAt !== undefined) ends.push(newest.finishedAt);
  }
  return {
    kind,
    runningSince: running?.startedAt ?? null,
    lastSuccessAt: ends.length === 0 ? null : Math.max(...ends),
  };
}

async function scheduleOf(
  ctx: QueryCtx,
  { schedules }: Settings,
  name: ScheduleName,
  at: number,
): Promise<Figures["schedules"][number]> {
  const schedule = schedules[name];
  const tick = await findTick(ctx, name);
  const isPaused = pauseInForce(schedule, at) !== null;
  const answered = answeredUntil(tick);
  const [next] =
    isPaused || answered === null
      ? []
      : firingsAfter(schedule, tick, { from: answered }, 1);
  const last = tick?.last;
  return {
    name,
    isPaused,
    lastTickAt: tick?.lastAt ?? null,
    lastFire:
      last === undefined
        ? null
        : {
            outcome: last.outcome,
            at: last.at,
            lagMs: Math.max(0, last.at - last.dueAt),
          },
    nextAt: next?.at ?? null,
  };
}
