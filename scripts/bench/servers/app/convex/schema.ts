import {
  defineSchema,
  defineTable,
  type DataModelFromSchemaDefinition,
} from "convex/server";
import { v } from "convex/values";

const schema = defineSchema({
  documents: defineTable({
    key: v.string(),
    value: v.number(),
  }).index("key", ["key"]),
});

export type DataModel = DataModelFromSchemaDefinition<typeof schema>;
export default schema;
