import {
  defineSchema,
  defineTable,
  type DataModelFromSchemaDefinition,
} from "convex/server";
import { v } from "convex/values";

const schema = defineSchema({
  sessions: defineTable({
    anonymousId: v.string(),
    createdAt: v.number(),
    lastActive: v.number(),
    actions: v.array(v.object({ at: v.number(), action: v.string() })),
  }).index("anonymousId", ["anonymousId"]),
});

export type DataModel = DataModelFromSchemaDefinition<typeof schema>;
export default schema;
