/**
 * The way of the tracker that this project replaces, in its shortest form, to measure against: one
 * row for everything, and a cleanup that reads the whole table in one transaction.
 */
import { mutationGeneric, type MutationBuilder } from "convex/server";
import { v } from "convex/values";
import type { DataModel } from "./schema.js";

const mutation = mutationGeneric as MutationBuilder<DataModel, "public">;

const DAY_MS = 24 * 60 * 60 * 1000;

export const trackSession = mutation({
  args: { anonymousId: v.string() },
  returns: v.id("sessions"),
  handler: async (ctx, { anonymousId }) => {
    const now = Date.now();
    const session = await ctx.db
      .query("sessions")
      .withIndex("anonymousId", (q) => q.eq("anonymousId", anonymousId))
      .unique();
    if (session === null) {
      const row = { anonymousId, createdAt: now, lastActive: now, actions: [] };
      return await ctx.db.insert("sessions", row);
    }
    await ctx.db.patch("sessions", session._id, { lastActive: now });
    return session._id;
  },
});

export const cleanupOldSessions = mutation({
  args: { daysInactive: v.number() },
  returns: v.number(),
  handler: async (ctx, { daysInactive }) => {
    const cutoff = Date.now() - daysInactive * DAY_MS;
    const old = await ctx.db
      .query("sessions")
      .filter((q) => q.lt(q.field("lastActive"), cutoff))
      .collect();
    for (const { _id } of old) await ctx.db.delete("sessions", _id);
    return old.length;
  },
});
