/** The overview that a dashboard shows beside lists: sessions by creation, and actions of all visitors. */
import { v, type Infer } from "convex/values";
import { query } from "../_generated/server.js";
import { checkInteger } from "../shared/errors.js";
import { MAX_COUNTED } from "../shared/limits.js";
import { vAction } from "../shared/sessions.js";
import { walkCreated, walkInactive } from "../rows/walks.js";

const vCount = v.object({
  count: v.number(),
  /** Whether there are more sessions than `count`. */
  isCapped: v.boolean(),
});

/**
 * How many sessions that are still kept were created from `from` on and before `before`, counted up
 * to `limit`. The query reads that many rows, and is re-run when one of them changes, but not by heartbeats. Ask
 * for one day at a time, so that a visitor of today re-runs only the query of today.
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
 * up to `limit`. The query reads that many rows.
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
 * The `limit` actions last recorded, of any session, newest first. An imported action counts as recorded when it
 * was imported. Every new action re-runs this query.
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
    // The order of creation needs no index, to which each action would have to be written.
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

/** @param found number of rows found where `limit` and one more were asked for */
function toCount(found: number, limit: number): Infer<typeof vCount> {
  return { count: Math.min(found, limit), isCapped: found > limit };
}
