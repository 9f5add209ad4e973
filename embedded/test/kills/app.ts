import type { PushedApp } from "../support/deployment.js";

/**
 * An app that writes down all that happens to it. Every mark has a key of its own, so that a run
 * that happened twice or not at all shows.
 * @param version - every push has another; every second has one index more
 */
export function appOf(version: number): PushedApp {
  const index = version % 2 === 0 ? "" : '.index("by_owner", ["owner"])';
  return {
    schema: `
      import { defineSchema, defineTable } from "convex/server";
      import { v } from "convex/values";
      export default defineSchema({
        marks: defineTable({ key: v.string(), owner: v.string() })${index},
        counters: defineTable({ owner: v.string(), n: v.number() }).index("by_owner", ["owner"]),
        jobs: defineTable({ key: v.string(), kind: v.string(), job: v.id("_scheduled_functions") }),
      });`,
    modules: { k: MODULE.replace("VERSION", String(version)) },
  };
}

const MODULE = `
  import { actionGeneric as action, internalActionGeneric as internalAction, internalMutationGeneric as internalMutation, makeFunctionReference as fn, mutationGeneric as mutation, queryGeneric as query } from "convex/server";
  const counterOf = (ctx, owner) => ctx.db.query("counters").withIndex("by_owner", (q) => q.eq("owner", owner)).unique();
  const count = async (ctx, owner) => {
    const counter = await counterOf(ctx, owner);
    if (counter === null) await ctx.db.insert("counters", { owner, n: 1 });
    else await ctx.db.patch(counter._id, { n: counter.n + 1 });
  };
  const handler = async (ctx, { key, owner }) => {
    await ctx.db.insert("marks", { key, owner });
    await count(ctx, owner);
  };
  export const mark = mutation({ handler });
  export const markLater = internalMutation({ handler });
  export const actLater = internalAction({ handler: (ctx, args) => ctx.runMutation(fn("k:markLater"), args) });
  export const act = action({ handler: async (ctx, { key, owner }) => {
    await ctx.runMutation(fn("k:mark"), { key: key + "/1", owner });
    await ctx.runMutation(fn("k:mark"), { key: key + "/2", owner });
  } });
  export const schedule = mutation({ handler: async (ctx, { key, owner, kind, delayMs }) => {
    const target = fn(kind === "mutation" ? "k:markLater" : "k:actLater");
    const job = await ctx.scheduler.runAfter(delayMs, target, { key, owner });
    await ctx.db.insert("jobs", { key, kind, job });
  } });
  export const counter = query({ handler: async (ctx, { owner }) => (await counterOf(ctx, owner))?.n ?? 0 });
  export const version = query({ handler: async () => VERSION });
  export const page = query({ handler: (ctx, { table, cursor }) => ctx.db.query(table).paginate({ cursor, numItems: 2_000 }) });
  export const states = query({ handler: async (ctx, { ids }) => {
    const jobs = await Promise.all(ids.map((id) => ctx.db.system.get(id)));
    return jobs.map((job) => job?.state.kind ?? "gone");
  } });
`;
