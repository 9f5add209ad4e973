/** The schema of the app that the tests push, as its own file. */
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

export default defineSchema({
  messages: defineTable({ text: v.string(), author: v.optional(v.string()) }),
  ticks: defineTable({ name: v.string(), at: v.number() }),
});
