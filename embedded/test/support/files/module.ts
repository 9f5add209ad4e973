/** A module with everything that functions do with files, for tests. */
export const STORAGE_MODULE = `
  import { queryGeneric as query, mutationGeneric as mutation, actionGeneric as action, makeFunctionReference } from "convex/server";
  import { v } from "convex/values";
  const id = { id: v.id("_storage") };
  const any = { id: v.string() };
  const text = { text: v.string(), type: v.optional(v.string()), sha256: v.optional(v.string()) };
  const blob = ({ text, type }) => new Blob([text], type === undefined ? {} : { type });

  export const store = action({ args: text, handler: (ctx, args) => ctx.storage.store(blob(args), args.sha256 === undefined ? undefined : { sha256: args.sha256 }) });
  export const read = action({ args: any, handler: async (ctx, { id }) => { const found = await ctx.storage.get(id); return found && { text: await found.text(), type: found.type, size: found.size, isBlob: found instanceof Blob }; } });
  export const storeInMutation = mutation({ args: { ...text, fail: v.optional(v.boolean()) }, handler: async (ctx, args) => {
    const stored = await ctx.storage.store(blob(args), { sha256: args.sha256 });
    const back = await (await ctx.storage.get(stored)).text();
    if (args.fail) throw new Error("on purpose");
    return { id: stored, back };
  } });
  export const url = query({ args: any, handler: (ctx, { id }) => ctx.storage.getUrl(id) });
  export const metadata = query({ args: any, handler: (ctx, { id }) => ctx.storage.getMetadata(id) });
  export const inAction = action({ args: any, handler: async (ctx, { id }) => [await ctx.storage.getUrl(id), await ctx.storage.getMetadata(id)] });
  export const row = query({ args: id, handler: (ctx, { id }) => ctx.db.system.get(id) });
  export const rows = query({ args: {}, handler: (ctx) => ctx.db.system.query("_storage").collect() });
  export const bySize = query({ args: { size: v.number() }, handler: (ctx, { size }) => ctx.db.system.query("_storage").filter((q) => q.eq(q.field("size"), size)).order("desc").collect() });
  export const byHidden = query({ args: {}, handler: (ctx) => ctx.db.system.query("_storage").filter((q) => q.neq(q.field("storageKey"), undefined)).collect() });
  export const byHiddenIndex = query({ args: {}, handler: (ctx) => ctx.db.system.query("_storage").withIndex("storageId").collect() });
  export const normalized = query({ args: any, handler: (ctx, { id }) => ctx.db.system.normalizeId("_storage", id) });
  export const remove = mutation({ args: { ...any, fail: v.optional(v.boolean()) }, handler: async (ctx, { id, fail }) => { await ctx.storage.delete(id); if (fail) throw new Error("on purpose"); return await ctx.storage.getUrl(id); } });
  export const removeCaught = mutation({ args: id, handler: async (ctx, { id }) => { const taken = await ctx.runMutation(makeFunctionReference("files:remove"), { id, fail: true }).catch(() => "taken back"); return taken === "taken back" ? await ctx.storage.getUrl(id) : "not taken back"; } });
  export const removeInAction = action({ args: any, handler: (ctx, { id }) => ctx.storage.delete(id) });
  export const removeInQuery = query({ args: id, handler: (ctx, { id }) => Convex.asyncSyscall("1.0/storageDelete", JSON.stringify({ storageId: id })) });
  export const uploadUrl = mutation({ args: {}, handler: (ctx) => ctx.storage.generateUploadUrl() });
  export const uploadUrlInAction = action({ args: {}, handler: (ctx) => ctx.storage.generateUploadUrl() });
  export const insertOther = mutation({ args: {}, handler: (ctx) => ctx.db.insert("others", {}) });
  export const patchRow = mutation({ args: id, handler: (ctx, { id }) => ctx.db.patch(id, { size: 0 }) });
  export const storeAndCount = mutation({ args: { text: v.string() }, handler: async (ctx, { text }) => {
    const counter = await ctx.db.query("counters").first();
    const id = await ctx.storage.store(new Blob([text]));
    if (counter === null) await ctx.db.insert("counters", { n: 1 });
    else await ctx.db.patch(counter._id, { n: counter.n + 1 });
    return id;
  } });
  export const count = query({ args: {}, handler: async (ctx) => (await ctx.db.query("counters").first())?.n ?? 0 });
  export const storeNothing = action({ args: {}, handler: (ctx) => ctx.storage.store("text") });
`;
