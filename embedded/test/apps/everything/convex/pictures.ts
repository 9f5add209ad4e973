/** A gallery: files with a caption to search and an embedding to compare. */
import {
  makeFunctionReference,
  paginationOptsValidator,
  type DocumentByName,
} from "convex/server";
import { ConvexError, v, type Infer } from "convex/values";
import { action, mutation, query, type DataModel } from "./server.js";
import { isIndexed } from "./variant.js";

type Picture = DocumentByName<DataModel, "pictures">;

const described = {
  name: v.string(),
  owner: v.string(),
  caption: v.string(),
  embedding: v.array(v.float64()),
};
const stored = v.object({ ...described, storageId: v.id("_storage") });

const addRef = makeFunctionReference<"mutation", Infer<typeof stored>, string>(
  "pictures:add",
);
const getRef = makeFunctionReference<
  "query",
  { ids: Picture["_id"][] },
  Picture[]
>("pictures:get");

export const uploadUrl = mutation({
  args: {},
  handler: (ctx) => ctx.storage.generateUploadUrl(),
});

/** @throws "noFile" where there is none of that id */
export const add = mutation({
  args: stored,
  handler: async (ctx, picture) => {
    const file = await ctx.db.system.get(picture.storageId);
    if (file === null) throw new ConvexError({ kind: "noFile" });
    return await ctx.db.insert("pictures", picture);
  },
});

/** Stores a text as a file, from inside. */
export const write = action({
  args: { ...described, text: v.string() },
  handler: async (ctx, { text, ...picture }): Promise<string> => {
    const blob = new Blob([text], { type: "text/plain" });
    const storageId = await ctx.storage.store(blob);
    return await ctx.runMutation(addRef, { ...picture, storageId });
  },
});

/** Removes a picture and its file together. */
export const remove = mutation({
  args: { id: v.id("pictures") },
  handler: async (ctx, { id }) => {
    const picture = await ctx.db.get(id);
    if (picture === null) return false;
    await ctx.storage.delete(picture.storageId);
    await ctx.db.delete(id);
    return true;
  },
});

/** Many pictures of one file. */
export const addMany = mutation({
  args: { pictures: v.array(stored) },
  handler: async (ctx, { pictures }) => {
    for (const picture of pictures) await ctx.db.insert("pictures", picture);
  },
});

export const page = query({
  args: { paginationOpts: paginationOptsValidator },
  handler: async (ctx, { paginationOpts }) => {
    const found = await ctx.db.query("pictures").paginate(paginationOpts);
    const pictures = found.page.map(async (picture) => {
      const file = await ctx.db.system.get(picture.storageId);
      return { ...picture, sha256: file?.sha256 ?? null };
    });
    return { ...found, page: await Promise.all(pictures) };
  },
});

export const files = query({
  args: { paginationOpts: paginationOptsValidator },
  handler: (ctx, { paginationOpts }) =>
    ctx.db.system.query("_storage").paginate(paginationOpts),
});

export const url = query({
  args: { storageId: v.id("_storage") },
  handler: (ctx, { storageId }) => ctx.storage.getUrl(storageId),
});

export const ofOwner = query({
  args: { owner: v.string() },
  handler: async (ctx, { owner }) => {
    const pictures = await ctx.db
      .query("pictures")
      .withIndex("by_owner", (q) => q.eq("owner", owner))
      .collect();
    return pictures.map(({ name }) => name);
  },
});

/** Whether the deployed schema has the indexes that the queries below use. */
export const hasIndexes = query({ args: {}, handler: async () => isIndexed });

export const named = query({
  args: { name: v.string() },
  handler: (ctx, { name }) =>
    ctx.db
      .query("pictures")
      .withIndex("by_name", (q) => q.eq("name", name))
      .unique(),
});

export const search = query({
  args: { text: v.string(), owner: v.optional(v.string()), limit: v.number() },
  handler: async (ctx, { text, owner, limit }) => {
    const found = await ctx.db
      .query("pictures")
      .withSearchIndex("by_caption", (q) => {
        const matching = q.search("caption", text);
        return owner === undefined ? matching : matching.eq("owner", owner);
      })
      .take(limit);
    return found.map(({ name }) => name);
  },
});

export const similar = action({
  args: {
    embedding: v.array(v.float64()),
    owners: v.optional(v.array(v.string())),
    limit: v.number(),
  },
  handler: async (ctx, { embedding, owners, limit }) => {
    const found = await ctx.vectorSearch("pictures", "by_embedding", {
      vector: embedding,
      limit,
      ...(owners === undefined
        ? {}
        : {
            filter: (q) => q.or(...owners.map((owner) => q.eq("owner", owner))),
          }),
    });
    const pictures = await ctx.runQuery(getRef, {
      ids: found.map(({ _id }) => _id),
    });
    return pictures.map(({ name }, place) => ({
      name,
      score: found[place]!._score,
    }));
  },
});

export const get = query({
  args: { ids: v.array(v.id("pictures")) },
  handler: async (ctx, { ids }) => {
    const pictures = await Promise.all(ids.map((id) => ctx.db.get(id)));
    return pictures.filter((picture) => picture !== null);
  },
});
