import {
  defineSchema,
  defineTable,
  type DataModelFromSchemaDefinition,
} from "convex/server";
import { v } from "convex/values";

const embedding = { vector: v.array(v.float64()), kind: v.string() };

const message = { body: v.string(), channel: v.string() };

const schema = defineSchema({
  embeddings: defineTable(embedding).vectorIndex("vector", {
    vectorField: "vector",
    dimensions: 1_536,
    filterFields: ["kind"],
  }),
  /** The same without the index. */
  bareEmbeddings: defineTable(embedding),
  messages: defineTable(message)
    .index("channel", ["channel"])
    .searchIndex("body", { searchField: "body", filterFields: ["channel"] }),
  /** The same without the search index. */
  bareMessages: defineTable(message).index("channel", ["channel"]),
});

export type DataModel = DataModelFromSchemaDefinition<typeof schema>;
export default schema;
