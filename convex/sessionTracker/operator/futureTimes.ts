/**
 * Future times: stored times that lie ahead of now, because the clock that stored them was ahead. Schedules and
 * runs mend their future times by themselves. Those of sessions only an operator sets back: should the clock be
 * behind now instead, setting them back would make visitors look inactive, and the next purge would take them.
 */
import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import {
  mutation,
  query,
  type MutationCtx,
  type QueryCtx,
} from "../_generated/server.js";
import { checkInteger } from "../shared/errors.js";
import { RUN_KINDS } from "../shared/runs/kinds.js";
import {
  SCHEDULE_NAMES,
  type ScheduleName,
  vScheduleName,
} from "../shared/schedules.js";
import { CLOCK_SLACK_MS, isFuture } from "../shared/times.js";
import { walkInactive } from "../rows/walks.js";
import { runningRun } from "../runs/runRows.js";
import { answeredUntil } from "../schedules/dueFires.js";
import { findTick } from "../schedules/ticks.js";

/** The most sessions that are counted, for an operator to know whether a few are affected or all. */
const LIMIT = 1_000;

/** The stored times that lie more than a minute in the future. */
export const look = query({
  args: {},
  returns: v.object({
    schedules: v.array(vScheduleName),
    watchdog: v.boolean(),
    /** The running runs with a future time. */
    runs: v.array(v.id("runs")),
    /** Number of sessions with a future time, counted up to `limit`. */
    sessions: v.number(),
    limit: v.number(),
    /** The latest of all future times, in ms since the epoch; `null` where there is none. */
    latest: v.union(v.number(), v.null()),
  }),
  handler: async (ctx) => {
    const now = Date.now();
    const times: number[] = [];
    const isAhead = (at: number | null | undefined): boolean => {
      if (typeof at !== "number" || !isFuture(at, now)) return false;
      times.push(at);
      return true;
    };
    const schedules: ScheduleName[] = [];
    const runs: Doc<"runs">["_id"][] = [];
    for (const name of SCHEDULE_NAMES) {
      if (isAhead(answeredUntil(await findTick(ctx, name)))) {
        schedules.push(name);
      }
    }
    for (const kind of RUN_KINDS) {
      const run = await runningRun(ctx, kind);
      if (run !== null && isAhead(run.progressAt)) runs.push(run._id);
    }
    const watchdog = isAhead((await findTick(ctx, "watchdog"))?.lastAt);
    const { leases, inactive, created } = await ahead(ctx, now, LIMIT);
    const ids = new Set<string>();
    for (const { session, lastActive } of leases) {
      if (isAhead(lastActive)) ids.add(session);
    }
    for (const { _id, inactiveSince } of inactive) {
      if (isAhead(inactiveSince)) ids.add(_id);
    }
    for (const { _id, createdAt } of created) {
      if (isAhead(createdAt)) ids.add(_id);
    }
    return {
      schedules,
      watchdog,
      runs,
      sessions: Math.min(ids.size, LIMIT),
      limit: LIMIT,
      latest: times.length === 0 ? null : Math.max(...times),
    };
  },
});

/**
 * Sets the future times of sessions to now, of up to `limit` active and up to `limit` inactive sessions. Call again
 * until `isDone`.
 */
export const mend = mutation({
  args: { limit: v.optional(v.number()) },
  returns: v.object({ mended: v.number(), isDone: v.boolean() }),
  handler: async (ctx, args) => {
    const limit = checkInteger("limit", args.limit ?? 500, 1, 500);
    const now = Date.now();
    const { leases, inactive, created } = await ahead(ctx, now, limit);
    for (const { _id } of leases) {
      await ctx.db.patch("leases", _id, { lastActive: now });
    }
    for (const { _id } of inactive) {
      await ctx.db.patch("sessions", _id, { inactiveSince: now });
    }
    for (const { _id } of created) {
      await ctx.db.patch("sessions", _id, { createdAt: now });
    }
    await createdBefore(ctx, leases, now);
    const found = [leases, inactive, created];
    const ids = new Set<string>([
      ...leases.map(({ session }) => session),
      ...inactive.map(({ _id }) => _id),
      ...created.map(({ _id }) => _id),
    ]);
    return {
      mended: ids.size,
      isDone: found.every((rows) => rows.length < limit),
    };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function ahead(ctx: QueryCtx, now: number, limit: number) {
  const after = now + CLOCK_SLACK_MS;
  const leases = await ctx.db
    .query("leases")
    .withIndex("lastActive", (q) => q.gt("lastActive", after))
    .take(limit);
  const inactive = await walkInactive(ctx, {
    order: "asc",
    after: null,
    from: after + 1,
  }).take(limit);
  const created = await ctx.db
    .query("sessions")
    .withIndex("createdAt", (q) => q.gt("createdAt", after))
    .take(limit);
  return { leases, inactive, created };
}

/** Sets the creation of mended sessions back to now where it is later: an import would refuse such a row. */
async function createdBefore(
  ctx: MutationCtx,
  leases: Doc<"leases">[],
  now: number,
): Promise<void> {
  for (const { session: id } of leases) {
    const session = await ctx.db.get("sessions", id);
    if (session === null || session.createdAt <= now) continue;
    await ctx.db.patch("sessions", id, { createdAt: now });
  }
}
