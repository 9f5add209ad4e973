/** Figures that the page for administrators shows beside `getActiveSessions`. */
import { v } from "convex/values";
import { components } from "./_generated/api.js";
import { query } from "./_generated/server.js";
import { requireAdmin } from "./admin.js";

const DAY_MS = 86_400_000;

/** Sessions by state, exact at any number of them. */
export const counts = query({
  args: {},
  handler: async (ctx) => {
    await requireAdmin(ctx);
    const status = await ctx.runQuery(
      components.sessionTracker.operator.status.get,
      {},
    );
    return status.sessions;
  },
});

/** Sessions created on the day that starts at `startsAt`, counted up to 1,000. */
export const createdOnDay = query({
  args: { startsAt: v.number() },
  handler: async (ctx, { startsAt }) => {
    await requireAdmin(ctx);
    const day = await ctx.runQuery(
      components.sessionTracker.operator.overview.createdBetween,
      { from: startsAt, before: startsAt + DAY_MS },
    );
    return { startsAt, ...day };
  },
});

/** The newest actions of all visitors, without their metadata. */
export const newestActions = query({
  args: {},
  handler: async (ctx) => {
    await requireAdmin(ctx);
    const actions = await ctx.runQuery(
      components.sessionTracker.operator.overview.newestActions,
      { limit: 12 },
    );
    return actions.map(({ metadata: _, ...action }) => action);
  },
});
