import type { PushedApp } from "../support/deployment.js";

/**
 * Mutations whose writes depend on their reads, by id, index and range. Each returns the values it
 * read and `at`, the time of its commit; none commits without writing, so that `at` is its own. Some think, as
 * queries do, between reading and what follows for longer than a function keeps the thread, so that others come
 * between.
 */
export const APP: PushedApp = {
  schema: `
    import { defineSchema, defineTable } from "convex/server";
    import { v } from "convex/values";
    export default defineSchema({
      accounts: defineTable({ name: v.string(), balance: v.number() }).index("by_name", ["name"]),
      items: defineTable({ owner: v.string(), rank: v.number() }).index("by_owner", ["owner", "rank"]),
      counters: defineTable({ name: v.string(), n: v.number() }).index("by_name", ["name"]),
      jobs: defineTable({ key: v.number(), saw: v.any(), at: v.commitTs() }),
    });`,
  modules: {
    s: `
      import { internalMutationGeneric, mutationGeneric, queryGeneric } from "convex/server";

      const done = (ctx, saw) => ({ at: ctx.db.vars.commitTs, saw });
      const items = (ctx, owner) => ctx.db.query("items").withIndex("by_owner", (q) => q.eq("owner", owner));

      let thought = 0;
      function think() {
        if (Math.random() > 0.05) return;
        for (let i = 0; i < 1_500_000; i++) thought = (thought * 31 + i) | 0;
      }

      async function bump(ctx, name) {
        const counter = await ctx.db.query("counters").withIndex("by_name", (q) => q.eq("name", name)).unique();
        think();
        const n = (counter?.n ?? 0) + 1;
        await (counter === null ? ctx.db.insert("counters", { name, n }) : ctx.db.patch(counter._id, { n }));
        return n;
      }

      async function move(ctx, { from, to, amount }) {
        const { balance } = await ctx.db.get(from);
        think();
        if (balance < amount) return ["refused", balance, await bump(ctx, "refused")];
        await ctx.db.patch(from, { balance: balance - amount });
        const target = await ctx.db.get(to);
        await ctx.db.patch(to, { balance: target.balance + amount });
        return ["moved", balance, target.balance];
      }

      async function push(ctx, owner) {
        const last = await items(ctx, owner).order("desc").first();
        const rank = (last?.rank ?? 0) + 1;
        think();
        await ctx.db.insert("items", { owner, rank });
        return rank;
      }

      export const open = mutationGeneric({ handler: async (ctx, { names, balance }) => {
        const ids = [];
        for (const name of names) ids.push(await ctx.db.insert("accounts", { name, balance }));
        return ids;
      } });

      export const count = mutationGeneric({ handler: async (ctx, { name }) => done(ctx, await bump(ctx, name)) });
      export const transfer = mutationGeneric({ handler: async (ctx, args) => done(ctx, await move(ctx, args)) });
      export const add = mutationGeneric({ handler: async (ctx, { owner }) => done(ctx, await push(ctx, owner)) });

      export const take = mutationGeneric({ handler: async (ctx, { owner }) => {
        const first = await items(ctx, owner).first();
        if (first === null) return done(ctx, ["none", await bump(ctx, "missed")]);
        await ctx.db.delete(first._id);
        return done(ctx, ["took", first.rank]);
      } });

      export const thin = mutationGeneric({ handler: async (ctx, { owner, min }) => {
        const rows = await ctx.db.query("items").withIndex("by_owner", (q) => q.eq("owner", owner).gte("rank", min)).collect();
        for (const [index, row] of rows.entries()) {
          if (index % 2 === 0) await ctx.db.delete(row._id);
        }
        await bump(ctx, "thinned");
        return done(ctx, rows.map(({ rank }) => rank));
      } });

      export const sum = mutationGeneric({ handler: async (ctx) => {
        const accounts = await ctx.db.query("accounts").collect();
        await bump(ctx, "sums");
        return done(ctx, accounts.map(({ balance }) => balance));
      } });

      export const addThenFail = internalMutationGeneric({ handler: async (ctx, { owner }) => {
        await push(ctx, owner);
        await bump(ctx, "lost");
        throw new Error("taken back");
      } });
      export const moveInside = internalMutationGeneric({ handler: move });

      export const nest = mutationGeneric({ handler: async (ctx, { owner, ...transfer }) => {
        const moved = await ctx.runMutation("s:moveInside", transfer);
        const failed = await ctx.runMutation("s:addThenFail", { owner }).then(() => "went through", () => "failed");
        const left = (await items(ctx, owner).collect()).length;
        return done(ctx, [moved, failed, left, await bump(ctx, "nested")]);
      } });

      export const fail = mutationGeneric({ handler: async (ctx, args) => {
        await move(ctx, args);
        await bump(ctx, "lost");
        throw new Error("taken back");
      } });

      export const later = mutationGeneric({ handler: async (ctx, { key, owner, delayMs }) => {
        await ctx.scheduler.runAfter(delayMs, "s:job", { key, owner });
        return done(ctx, await bump(ctx, "scheduled"));
      } });

      export const job = internalMutationGeneric({ handler: async (ctx, { key, owner }) => {
        const saw = [await push(ctx, owner), await bump(ctx, "ran")];
        await ctx.db.insert("jobs", { key, saw, at: ctx.db.vars.commitTs });
      } });

      export const state = queryGeneric({ handler: async (ctx) => {
        const accounts = await ctx.db.query("accounts").collect();
        think();
        const rows = await ctx.db.query("items").withIndex("by_owner").collect();
        think();
        const counters = await ctx.db.query("counters").withIndex("by_name").collect();
        return {
          accounts: accounts.map(({ balance }) => balance),
          items: rows.map(({ owner, rank }) => owner + rank),
          counters: counters.map(({ name, n }) => name + n),
        };
      } });
      export const jobs = queryGeneric({ handler: (ctx) => ctx.db.query("jobs").collect() });
      export const balances = queryGeneric({ handler: async (ctx, { from, below }) => {
        const accounts = await ctx.db.query("accounts").withIndex("by_name", (q) => q.gte("name", from).lt("name", below)).collect();
        return accounts.map(({ balance }) => balance);
      } });`,
  },
};
