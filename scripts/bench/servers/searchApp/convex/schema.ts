import {
  defineSchema,
  defineTable,
  type DataModelFromSchemaDefinition,
} from "convex/server";
import { v } from "convex/values";

const embedding = { vector: v.array(v.float64()), kind: v.string() };

const schema = defineSchema({
  embeddings: defineTable(embedding).vectorIndex("vector", {
    vectorField: "vector",
    dimensions: 1_536,
    filterFields: ["kind"],
  }),
  /** The same without the index. */
  bareEmbeddings: defineTable(embedding),
});

export type DataModel = DataModelFromSchemaDefinition<typeof schema>;
export default schema;
