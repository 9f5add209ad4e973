/** Payments that were signed by whom they come from; each counts once, however often it is told. */
import { v } from "convex/values";
import { internalMutation, query } from "./server.js";

export const paid = internalMutation({
  args: { event: v.string(), amount: v.number() },
  handler: async (ctx, payment) => {
    const known = await ctx.db
      .query("payments")
      .withIndex("by_event", (q) => q.eq("event", payment.event))
      .unique();
    if (known === null) await ctx.db.insert("payments", payment);
  },
});

export const total = query({
  args: {},
  handler: async (ctx) => {
    let total = 0;
    for await (const { amount } of ctx.db.query("payments")) total += amount;
    return total;
  },
});
