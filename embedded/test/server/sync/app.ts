import type { PushedApp } from "../../support/deployment.js";

/** Counters by name, pages of them, and functions that fail or take their time. */
export const APP: PushedApp = {
  schema: `
    import { defineSchema, defineTable } from "convex/server";
    import { v } from "convex/values";
    export default defineSchema({
      counters: defineTable({ name: v.string(), n: v.number() }).index("by_name", ["name"]),
    }, { schemaValidation: false });`,
  modules: {
    f: `
      import { actionGeneric, internalQueryGeneric, mutationGeneric, queryGeneric } from "convex/server";
      import { ConvexError } from "convex/values";
      const find = (ctx, name) => ctx.db.query("counters").withIndex("by_name", (q) => q.eq("name", name)).unique();
      export const get = queryGeneric({ handler: async (ctx, { name }) => (await find(ctx, name))?.n ?? null });
      export const byId = queryGeneric({ handler: async (ctx, { id }) => (await ctx.db.get(id))?.n ?? null });
      export const sumOf = queryGeneric({ handler: async (ctx, { names }) => {
        let sum = 0;
        for (const name of names) sum += (await find(ctx, name))?.n ?? 0;
        return sum;
      } });
      export const isEven = queryGeneric({ handler: async (ctx, { name }) => ((await find(ctx, name))?.n ?? 0) % 2 === 0 });
      export const page = queryGeneric({ handler: (ctx, { paginationOpts }) => ctx.db.query("counters").paginate(paginationOpts) });
      export const loose = queryGeneric({ handler: async (ctx) => (await ctx.db.query("loose").collect()).length });
      export const positive = queryGeneric({ handler: async (ctx, { name }) => {
        const n = (await find(ctx, name))?.n ?? 0;
        if (n < 1) throw new ConvexError({ n });
        return n;
      } });
      export const big = queryGeneric({ handler: async (ctx, { name, bytes }) => ({ n: (await find(ctx, name))?.n ?? 0, filler: "x".repeat(bytes) }) });
      export const bigAnswer = actionGeneric({ handler: async (_ctx, { bytes }) => "x".repeat(bytes) });
      export const user = queryGeneric({ handler: async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? null });
      export const hidden = internalQueryGeneric({ handler: async () => "hidden" });
      export const add = mutationGeneric({ handler: async (ctx, { name, by = 1 }) => {
        const counter = await find(ctx, name);
        if (counter === null) return ctx.db.insert("counters", { name, n: by });
        await ctx.db.patch(counter._id, { n: counter.n + by });
        console.log("added", name);
        return counter._id;
      } });
      export const rename = mutationGeneric({ handler: async (ctx, { from, to }) => {
        await ctx.db.patch((await find(ctx, from))._id, { name: to });
      } });
      export const fail = mutationGeneric({ handler: async () => { throw new ConvexError({ code: 7 }); } });
      export const addLoose = mutationGeneric({ handler: async (ctx) => { await ctx.db.insert("loose", {}); } });
      export const addTwice = actionGeneric({ handler: async (ctx, { name }) => {
        await ctx.runMutation("f:add", { name });
        await ctx.runMutation("f:add", { name });
        return "done";
      } });`,
  },
};
