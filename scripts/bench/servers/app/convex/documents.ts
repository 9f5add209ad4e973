/** The smallest functions to measure a deployment by. */
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

/** Inserts documents with the keys `document-<from>` to `document-<to - 1>`. */
export const fill = mutation({
  args: { from: v.number(), to: v.number() },
  returns: v.array(v.id("documents")),
  handler: async (ctx, { from, to }) => {
    const ids = [];
    for (let n = from; n < to; n += 1) {
      const document = { key: `document-${n}`, value: 0 };
      ids.push(await ctx.db.insert("documents", document));
    }
    return ids;
  },
});

/** Reads one document and writes it. */
export const write = mutation({
  args: { id: v.id("documents"), value: v.number() },
  returns: v.null(),
  handler: async (ctx, { id, value }) => {
    await ctx.db.patch(id, { value });
    return null;
  },
});

/** Reads one document by its key. */
export const read = query({
  args: { key: v.string() },
  returns: v.union(v.number(), v.null()),
  handler: async (ctx, { key }) => {
    const document = await ctx.db
      .query("documents")
      .withIndex("key", (q) => q.eq("key", key))
      .unique();
    return document === null ? null : document.value;
  },
});

/** Reads one document by its key, beside as many bytes; with each `n` it is another query. */
export const readBeside = query({
  args: { key: v.string(), bytes: v.number(), n: v.number() },
  returns: v.object({
    value: v.union(v.number(), v.null()),
    filler: v.string(),
  }),
  handler: async (ctx, { key, bytes }) => {
    const document = await ctx.db
      .query("documents")
      .withIndex("key", (q) => q.eq("key", key))
      .unique();
    const value = document === null ? null : document.value;
    return { value, filler: "x".repeat(bytes) };
  },
});

/** A URL to upload a file to. */
export const uploadUrl = mutation({
  args: {},
  returns: v.string(),
  handler: (ctx) => ctx.storage.generateUploadUrl(),
});

/** The URL of a file. */
export const fileUrl = query({
  args: { id: v.id("_storage") },
  returns: v.union(v.string(), v.null()),
  handler: (ctx, { id }) => ctx.storage.getUrl(id),
});
