/** Tallies: counting every session exactly, page by page, and mending the counters; see `rows/tallies`. */
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { mutation, type MutationCtx } from "../_generated/server.js";
import { fail } from "../shared/errors.js";
import { placeOf } from "../shared/places.js";
import { SESSION_STATES, vStateCounts } from "../shared/sessions.js";
import { countSessions, countStates } from "../rows/counters.js";
import {
  changesOf,
  findTally,
  GOES_ON_MS,
  isStale,
  type Counts,
} from "../rows/tallies.js";
import { walkSessions } from "../rows/walks.js";

/** Number of rows in a page: few, because a page is repeated where one of its rows changes meanwhile. */
const PAGE = 500;

/** Begins a tally; a tally that is under way is given up. */
export const begin = mutation({
  args: {},
  returns: v.id("tallies"),
  handler: async (ctx) => {
    const before = await findTally(ctx);
    if (before !== null) {
      for (const state of SESSION_STATES) {
        await changesOf(before._id).reset(ctx, state);
      }
      await ctx.db.delete("tallies", before._id);
    }
    const counted = { active: 0, expired: 0, ended: 0 };
    return await ctx.db.insert("tallies", {
      pages: 0,
      cursor: null,
      counted,
      at: Date.now(),
    });
  },
});

const vDone = v.object({
  counted: vStateCounts,
  /** The tally less the counters, by state: negative where a counter was too high. */
  missing: vStateCounts,
  fixed: v.boolean(),
});

/**
 * Counts the next page. To repeat a page does nothing more.
 * @param fix whether to correct the counters after the last page
 * @returns the result after the last page, else `null`
 * @throws tallyLost, where another tally was begun, or no page of this tally was asked for in a minute
 */
export const page = mutation({
  args: { tallyId: v.id("tallies"), page: v.number(), fix: v.boolean() },
  returns: v.union(vDone, v.null()),
  handler: async (ctx, { tallyId, page: number, fix }) => {
    const tally = await ctx.db.get("tallies", tallyId);
    const isLost =
      tally === null ||
      (tally.done === undefined && isStale(tally, GOES_ON_MS));
    if (isLost) {
      fail(
        "tallyLost",
        "This count of all sessions was given up: another was begun, or nobody went on with it for a minute. Count anew.",
      );
    }
    if (tally.done !== undefined) return tally.done;
    if (tally.pages > number) return null;
    const stretch = { order: "asc" as const, after: tally.cursor };
    const rows = await walkSessions(ctx, stretch).take(PAGE);
    const counted = { ...tally.counted };
    for (const { state } of rows) counted[state] += 1;
    const last = rows.length === PAGE ? rows.at(-1) : undefined;
    if (last === undefined) return await finish(ctx, tally, counted, fix);
    await ctx.db.patch("tallies", tallyId, {
      pages: number + 1,
      cursor: placeOf(last._creationTime, last),
      counted,
      at: Date.now(),
    });
    return null;
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function finish(
  ctx: MutationCtx,
  tally: Doc<"tallies">,
  counted: Counts,
  fix: boolean,
): Promise<Infer<typeof vDone>> {
  const counters = await countSessions(ctx);
  const missing: Counts = { active: 0, expired: 0, ended: 0 };
  for (const state of SESSION_STATES) {
    counted[state] += await changesOf(tally._id).count(ctx, state);
    missing[state] = counted[state] - counters[state];
  }
  const isWrong = SESSION_STATES.some((state) => missing[state] !== 0);
  if (fix) await countStates(ctx, missing);
  const done = { counted, missing, fixed: fix && isWrong };
  await ctx.db.patch("tallies", tally._id, { done });
  return done;
}
