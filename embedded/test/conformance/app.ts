import {
  anyApi,
  defineSchema,
  defineTable,
  httpActionGeneric,
  httpRouter,
  mutationGeneric,
  queryGeneric,
  type ApiFromModules,
} from "convex/server";
import { v, type Infer } from "convex/values";

/** A small app for tests of the test deployment itself. */
export const schema = defineSchema({
  notes: defineTable({ text: v.string() })
    .index("by_text", ["text"])
    .searchIndex("search", { searchField: "text", filterFields: ["text"] }),
  points: defineTable({
    vector: v.array(v.float64()),
    kind: v.string(),
  }).vectorIndex("near", {
    vectorField: "vector",
    dimensions: 2,
    filterFields: ["kind"],
  }),
  stamps: defineTable({ at: v.commitTs() }),
});

const noteArgs = { text: v.string() };
const chainArgs = v.object({ left: v.number(), delayMs: v.number() });

export const notes = {
  add: mutationGeneric({
    args: noteArgs,
    handler: async (ctx, { text }) => {
      await ctx.db.insert("notes", { text });
    },
  }),
  addThenFail: mutationGeneric({
    args: noteArgs,
    handler: async (ctx, { text }) => {
      await ctx.db.insert("notes", { text });
      await ctx.scheduler.runAfter(0, notesApi.add, { text: "too late" });
      throw new Error(`no ${text}`);
    },
  }),
  list: queryGeneric({
    args: {},
    handler: async (ctx) => {
      const rows = await ctx.db.query("notes").withIndex("by_text").collect();
      return rows.map(({ text }) => text as string);
    },
  }),
  whoAmI: queryGeneric({
    args: {},
    handler: async (ctx) => (await ctx.auth.getUserIdentity())?.name ?? null,
  }),
  /** Adds a note, then schedules itself until none is left. */
  chain: mutationGeneric({
    args: chainArgs,
    handler: async (ctx, { left, delayMs }: Infer<typeof chainArgs>) => {
      await ctx.db.insert("notes", { text: `${left}` });
      if (left > 0) {
        const args = { left: left - 1, delayMs };
        await ctx.scheduler.runAfter(delayMs, notesApi.chain, args);
      }
    },
  }),
};

const http = httpRouter();
http.route({
  path: "/notes",
  method: "POST",
  handler: httpActionGeneric(async (ctx, request) => {
    await ctx.runMutation(notesApi.add, { text: await request.text() });
    return new Response("noted", { status: 201 });
  }),
});

export const modules = {
  "./_generated/api.ts": () => Promise.resolve({}),
  "./notes.ts": () => Promise.resolve(notes),
  "./http.ts": () => Promise.resolve({ default: http }),
};

/** The API that codegen would make of `notes.ts`. */
export const { notes: notesApi } = anyApi as unknown as ApiFromModules<{
  notes: typeof notes;
}>;
