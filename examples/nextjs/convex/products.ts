import { v } from "convex/values";
import { query } from "./_generated/server";

/** A small shop shows all it has. */
const MAX_PRODUCTS = 100;

export const list = query({
  args: {},
  handler: (ctx) => ctx.db.query("products").take(MAX_PRODUCTS),
});

export const bySlug = query({
  args: { slug: v.string() },
  handler: (ctx, { slug }) =>
    ctx.db
      .query("products")
      .withIndex("by_slug", (q) => q.eq("slug", slug))
      .unique(),
});
