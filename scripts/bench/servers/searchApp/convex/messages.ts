/** Messages of words that are as frequent as in a language, and searches of them. */
import {
  mutationGeneric,
  queryGeneric,
  type MutationBuilder,
  type QueryBuilder,
} from "convex/server";
import { v } from "convex/values";
import type { DataModel } from "./schema.js";

const mutation = mutationGeneric as MutationBuilder<DataModel, "public">;
const query = queryGeneric as QueryBuilder<DataModel, "public">;

/** Words of a message. */
const WORDS = 40;
/** Words there are: the first is in most messages, the last in few. */
const VOCABULARY = 20_000;

/** Inserts so many into the table with the index or the one without. */
export const fill = mutation({
  args: {
    table: v.union(v.literal("messages"), v.literal("bareMessages")),
    count: v.number(),
  },
  returns: v.null(),
  handler: async (ctx, { table, count }) => {
    for (let n = 0; n < count; n += 1) {
      const words = Array.from({ length: WORDS }, anyWord);
      const channel = `channel ${n % 100}`;
      await ctx.db.insert(table, { body: words.join(" "), channel });
    }
    return null;
  },
});

/** The ten messages that a search finds first, of one channel or of all. */
export const search = query({
  args: { text: v.string(), channel: v.optional(v.string()), n: v.number() },
  returns: v.number(),
  handler: async (ctx, { text, channel }) => {
    const found = await ctx.db
      .query("messages")
      .withSearchIndex("body", (q) => {
        const searched = q.search("body", text);
        return channel === undefined
          ? searched
          : searched.eq("channel", channel);
      })
      .take(10);
    return found.length;
  },
});

/** The first ten messages of a channel, by an index of the usual kind. */
export const list = query({
  args: { channel: v.string(), n: v.number() },
  returns: v.number(),
  handler: async (ctx, { channel }) => {
    const found = await ctx.db
      .query("messages")
      .withIndex("channel", (q) => q.eq("channel", channel))
      .take(10);
    return found.length;
  },
});

/** A word, of which the n-th is about n times as rare as the first. */
function anyWord(): string {
  return `word${Math.floor(VOCABULARY ** Math.random())}`;
}
