/** What a dashboard shows beside lists and counts: sessions by creation, actions of all visitors. */
import { v, type Infer } from "convex/values";
import { query } from "../_generated/server.js";
import { checkInteger } from "../shared/errors.js";
import { MAX_COUNTED } from "../shared/limits.js";
import { vAction } from "../shared/sessions.js";
import { walkCreated, walkInactive } from "../rows/walks.js";

const vCount = v.object({
  count: v.number(),
  /** Whether there are more than counted. */
  isCapped: v.boolean(),
});

/**
 * How many sessions that are still kept were created from `from` on and before `before`, counted up
 * to `limit`. Reads that many rows, and is re-run when one of them changes: ask for one day at a time,
 * so that a visitor of today re-runs today's. Heartbeats do not re-run it.
 * @throws invalidArgument
 */
export const createdBetween = query({
  args: { from: v.number(), before: v.number(), limit: v.optional(v.number()) },
  returns: vCount,
  handler: async (ctx, { from, before, limit = 1_000 }) => {
    checkLimit(limit);
    const stretch = { order: "asc" as const, after: null, from, before };
    const rows = await walkCreated(ctx, {}, stretch).take(limit + 1);
    return toCount(rows.length, limit);
  },
});

/**
 * How many sessions are not active and were last active from `from` on and before `before`, counted
 * up to `limit`. Reads that many rows.
 * @throws invalidArgument
 */
export const inactiveBetween = query({
  args: { from: v.number(), before: v.number(), limit: v.optional(v.number()) },
  returns: vCount,
  handler: async (ctx, { from, before, limit = 1_000 }) => {
    checkLimit(limit);
    const stretch = { order: "asc" as const, after: null, from, before };
    const rows = await walkInactive(ctx, stretch).take(limit + 1);
    return toCount(rows.length, limit);
  },
});

/**
 * The actions last recorded, of whatever session, newest first; imported ones count as recorded when
 * they were imported. Every action re-runs it.
 * @throws invalidArgument
 */
export const newestActions = query({
  args: { limit: v.optional(v.number()) },
  returns: v.array(
    v.object({
      ...vAction.fields,
      actionId: v.id("actions"),
      sessionId: v.id("sessions"),
    }),
  ),
  handler: async (ctx, { limit = 20 }) => {
    checkInteger("limit", limit, 1, 100);
    // By creation time, which needs no index that each action would have to be written to.
    const rows = await ctx.db.query("actions").order("desc").take(limit);
    return rows.map(({ _id, _creationTime, session, ...what }) => ({
      ...what,
      actionId: _id,
      sessionId: session,
    }));
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function checkLimit(limit: number): void {
  checkInteger("limit", limit, 1, MAX_COUNTED);
}

/** @param found rows, of which one more than the limit was asked for */
function toCount(found: number, limit: number): Infer<typeof vCount> {
  return { count: Math.min(found, limit), isCapped: found > limit };
}
