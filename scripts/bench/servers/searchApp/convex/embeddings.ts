/** Vectors as a model makes them of texts, and searches of them. */
import {
  actionGeneric,
  mutationGeneric,
  type ActionBuilder,
  type MutationBuilder,
} from "convex/server";
import { v } from "convex/values";
import type { DataModel } from "./schema.js";

const action = actionGeneric as ActionBuilder<DataModel, "public">;
const mutation = mutationGeneric as MutationBuilder<DataModel, "public">;

const DIMENSIONS = 1_536;

/** Inserts so many, of a hundred kinds in turn, into the table with the index or the one without. */
export const fill = mutation({
  args: {
    table: v.union(v.literal("embeddings"), v.literal("bareEmbeddings")),
    count: v.number(),
  },
  returns: v.null(),
  handler: async (ctx, { table, count }) => {
    for (let n = 0; n < count; n += 1) {
      const kind = `kind ${n % 100}`;
      await ctx.db.insert(table, { vector: anyVector(), kind });
    }
    return null;
  },
});

/** Searches for the ten that are the most similar to some vector, of one kind or of all. */
export const search = action({
  args: { kind: v.optional(v.string()) },
  returns: v.number(),
  handler: async (ctx, { kind }) => {
    const vector = anyVector();
    const found = await ctx.vectorSearch("embeddings", "vector", {
      vector,
      ...(kind === undefined ? {} : { filter: (q) => q.eq("kind", kind) }),
    });
    return found.length;
  },
});

/** Does what {@link search} does besides searching. */
export const searchNothing = action({
  args: {},
  returns: v.number(),
  handler: () => Promise.resolve(anyVector().length),
});

function anyVector(): number[] {
  return Array.from(
    { length: DIMENSIONS },
    () => Math.round((Math.random() - 0.5) * 1e5) / 1e5,
  );
}
