import { authTables } from "@convex-dev/auth/server";
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

export default defineSchema({
  ...authTables,

  products: defineTable({
    slug: v.string(),
    name: v.string(),
    text: v.string(),
    priceCents: v.number(),
  }).index("by_slug", ["slug"]),

  /** What somebody wants to buy: a visitor, by the tracker's sessionId, until they sign in, and then a user. */
  basketLines: defineTable({
    owner: v.union(
      v.object({ kind: v.literal("session"), id: v.string() }),
      v.object({ kind: v.literal("user"), id: v.id("users") }),
    ),
    product: v.id("products"),
    quantity: v.number(),
  }).index("by_owner_and_product", ["owner.id", "product"]),
});
