import { v } from "convex/values";
import { components } from "./_generated/api.js";
import { query } from "./_generated/server.js";

/** The visitor's own session with the newest actions; `null` where there is none. */
export const session = query({
  args: { anonymousId: v.string() },
  handler: async (ctx, { anonymousId }) => {
    const { get, timeline } = components.sessionTracker.operator.show;
    const found = await ctx.runQuery(get, { id: anonymousId });
    // The component also finds sessions by sessionId, which is no secret and gives no right to
    // anything.
    if (found?.anonymousId !== anonymousId) return null;
    const { sessionId, state, createdAt, visits, lease } = found;
    const { actions } = await ctx.runQuery(timeline, { sessionId, limit: 8 });
    return {
      sessionId,
      state: lease?.idle ? ("expired" as const) : state,
      createdAt,
      visits,
      lastActive: lease?.lastActive ?? found.inactiveSince ?? createdAt,
      actionCount: found.actionCount + (lease?.actionCount ?? 0),
      actions,
    };
  },
});
