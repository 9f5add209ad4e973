/** The status of a deployment, the first screen of an operator, and the backlog of its runs. */
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { query, type QueryCtx } from "../_generated/server.js";
import { type Day, vDay } from "../shared/days.js";
import { checkInteger } from "../shared/errors.js";
import { DEBTS_COUNTED, MAX_COUNTED } from "../shared/limits.js";
import { isFiltered, RUN_KINDS } from "../shared/runs/kinds.js";
import { type Run, vRun } from "../shared/runs/run.js";
import { expireCutoff, purgeCutoff } from "../shared/settings.js";
import { VERSION } from "../shared/version.js";
import { countSessions } from "../rows/counters.js";
import { byDay, dayOf, NOTHING, shardsOf } from "../rows/days.js";
import { readRefusals, vRefusals } from "../rows/refusals.js";
import { walkDebts, walkInactive, walkRuns } from "../rows/walks.js";
import { listHooks, vHookStatus } from "../settings/hookStatus.js";
import { readRevisedSettings, readSettings } from "../settings/inForce.js";
import { vRevisedSettings } from "../settings/settings.js";
import { dueLeases, dueSessions, isByAge } from "../runs/due.js";
import { countDue } from "../runs/many/preview.js";
import { manyOf } from "../runs/many/terms.js";
import { runningRun, toRun } from "../runs/runRows.js";
import { listSchedules, vScheduleStatus } from "../schedules/show.js";
import { findTick } from "../schedules/ticks.js";
import { listWebhooks, vWebhook } from "../alerts/shown.js";

const vStatus = v.object({
  version: v.string(),
  sessions: v.object({
    total: v.number(),
    active: v.number(),
    expired: v.number(),
    ended: v.number(),
  }),
  /** What the visits that began today, by UTC, have come to so far; one counts once it has closed. */
  today: vDay,
  /**
   * The session that has been inactive the longest, which a purge takes first; `null` where none is
   * inactive.
   */
  oldest: v.union(
    v.object({ sessionId: v.string(), lastActive: v.number() }),
    v.null(),
  ),
  settings: vRevisedSettings,
  schedules: v.array(vScheduleStatus),
  /** The running runs, then the last finished run of each kind. */
  runs: v.array(vRun),
  hooks: v.array(vHookStatus),
  /**
   * Number of calls that the app's hooks owe for erased visitors, counted up to 100; see `operator/hooks`.
   */
  hookDebts: v.number(),
  /** What the bounds of the settings refused to visitors in the last 24 hours. */
  refused: vRefusals,
  webhooks: v.array(vWebhook),
  watchdog: v.object({
    lastAt: v.union(v.number(), v.null()),
    lastResult: v.union(v.string(), v.null()),
    gaveUp: v.union(v.object({ at: v.number(), why: v.string() }), v.null()),
  }),
});
export type Status = Infer<typeof vStatus>;

/**
 * The status. The query reads the same few dozen documents whatever the number of sessions, and none that a
 * heartbeat writes.
 */
export const get = query({
  args: {},
  returns: vStatus,
  handler: async (ctx): Promise<Status> => {
    const tick = await findTick(ctx, "watchdog");
    return {
      version: VERSION,
      sessions: await countSessions(ctx),
      today: await figuresOf(ctx, dayOf(Date.now())),
      oldest: await oldestInactive(ctx),
      settings: await readRevisedSettings(ctx),
      schedules: await listSchedules(ctx),
      runs: await currentRuns(ctx),
      hooks: await listHooks(ctx),
      hookDebts: await countDebts(ctx),
      refused: await readRefusals(ctx, Date.now()),
      webhooks: await listWebhooks(ctx),
      watchdog: {
        lastAt: tick?.lastAt ?? null,
        lastResult: tick?.lastResult ?? null,
        gaveUp: tick?.gaveUp ?? null,
      },
    };
  },
});

/**
 * How many sessions the next run of each kind would find, counted up to `limit` (1,000). The query reads leases,
 * so that heartbeats may re-run it.
 * @throws invalidArgument
 */
export const backlog = query({
  args: { limit: v.optional(v.number()) },
  returns: v.object({
    expire: v.number(),
    purge: v.number(),
    /**
     * The running runs, and how many sessions each has left, counted up to `limit`; those of a run with a filter
     * among the next 1,500 that it looks at.
     */
    running: v.array(v.object({ runId: v.id("runs"), left: v.number() })),
    limit: v.number(),
  }),
  handler: async (ctx, args) => {
    const limit = checkInteger("limit", args.limit ?? 1_000, 1, MAX_COUNTED);
    const { idleTimeoutMs, retentionDays } = await readSettings(ctx);
    const now = Date.now();
    const idleSince = expireCutoff(idleTimeoutMs, now);
    const idle = await dueLeases(ctx, { cutoff: idleSince }, null, limit);
    const cutoff = purgeCutoff(retentionDays, now);
    const purge =
      cutoff === null
        ? 0
        : (await dueSessions(ctx, { cutoff }, null, limit)).sessions.length;
    const running = [];
    for (const kind of RUN_KINDS) {
      const run = await runningRun(ctx, kind);
      if (run === null) continue;
      const left = await leftOf(ctx, run, limit);
      running.push({ runId: run._id, left });
    }
    return { expire: idle.length, purge, running, limit };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function oldestInactive(ctx: QueryCtx): Promise<Status["oldest"]> {
  const stretch = { order: "asc" as const, after: null };
  const [session] = await walkInactive(ctx, stretch).take(1);
  if (session === undefined) return null;
  return { sessionId: session._id, lastActive: session.inactiveSince ?? 0 };
}

async function figuresOf(ctx: QueryCtx, day: string): Promise<Day> {
  const [figures] = byDay(await shardsOf(ctx, day));
  return figures ?? { day, ...NOTHING };
}

/**
 * The number of sessions that a run has not come to yet; a purge comes to the sessions of stale leases,
 * too.
 */
async function leftOf(
  ctx: QueryCtx,
  run: Doc<"runs">,
  limit: number,
): Promise<number> {
  const { kind, cursor } = run;
  if (isFiltered(kind)) {
    const { found } = await countDue(ctx, manyOf(run), cursor);
    return Math.min(limit, found.length);
  }
  if (isByAge(cursor?.phase)) return 0;
  const inSessions = cursor?.phase === "sessions";
  const leases = inSessions ? [] : await dueLeases(ctx, run, cursor, limit);
  if (kind === "expire") return leases.length;
  const after = inSessions ? cursor : null;
  const { sessions } = await dueSessions(ctx, run, after, limit);
  return Math.min(limit, leases.length + sessions.length);
}

async function currentRuns(ctx: QueryCtx): Promise<Run[]> {
  const running: Run[] = [];
  const finished: Run[] = [];
  for (const kind of RUN_KINDS) {
    // The running run is found by its status, because a resumed run need not be among the newest.
    const run = await runningRun(ctx, kind);
    if (run !== null) running.push(toRun(run));
    const stretch = { order: "desc" as const, after: null };
    const newest = await walkRuns(ctx, kind, stretch).take(2);
    const last = newest.find(({ status }) => status !== "running");
    if (last !== undefined) finished.push(toRun(last));
  }
  return [...running, ...finished];
}

/** The number of debts, counted up to `DEBTS_COUNTED`. */
async function countDebts(ctx: QueryCtx): Promise<number> {
  const rows = walkDebts(ctx, { order: "asc", after: null });
  return (await rows.take(DEBTS_COUNTED)).length;
}
