import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { isIndexed } from "./variant.js";

/** Number of dimensions of a picture's embedding. */
export const DIMENSIONS = 8;

const plainPictures = () =>
  defineTable({
    name: v.string(),
    owner: v.string(),
    caption: v.string(),
    storageId: v.id("_storage"),
    embedding: v.array(v.float64()),
  }).index("by_owner", ["owner"]);

const indexedPictures = () =>
  plainPictures()
    .index("by_name", ["name"])
    .searchIndex("by_caption", {
      searchField: "caption",
      filterFields: ["owner"],
    })
    .vectorIndex("by_embedding", {
      vectorField: "embedding",
      dimensions: DIMENSIONS,
      filterFields: ["owner"],
    });

export default defineSchema({
  pictures: isIndexed
    ? indexedPictures()
    : (plainPictures() as ReturnType<typeof indexedPictures>),
  users: defineTable({
    tokenIdentifier: v.string(),
    name: v.string(),
    team: v.optional(v.string()),
  }).index("by_token", ["tokenIdentifier"]),
  messages: defineTable({
    room: v.string(),
    author: v.id("users"),
    text: v.string(),
  }).index("by_room", ["room"]),
  payments: defineTable({ event: v.string(), amount: v.number() }).index(
    "by_event",
    ["event"],
  ),
  orders: defineTable({
    item: v.string(),
    state: v.union(
      v.literal("placed"),
      v.literal("packed"),
      v.literal("shipped"),
    ),
    price: v.optional(v.number()),
  }),
  ticks: defineTable({ cron: v.string() }).index("by_cron", ["cron"]),
});
