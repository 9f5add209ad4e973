import { defineSchema, defineTable } from "convex/server";
import { v, type JSONValue } from "convex/values";
import type { Engine } from "../engine.js";
import { valueOf } from "../engine.js";
import { exported } from "../database.js";

/** A document of the tests' table `notes`, as Convex JSON: its vector, and what it is filtered by. */
export type Note = Record<string, JSONValue> & {
  vector?: JSONValue;
  kind?: JSONValue;
  place?: { city?: JSONValue };
};

/** What `ctx.vectorSearch` returns. */
export interface Found {
  _id: string;
  _score: number;
}

/** Functions over `notes`, and searches of it. */
const VECTORS_MODULE = `
  import { queryGeneric as query, mutationGeneric as mutation, actionGeneric as action, makeFunctionReference } from "convex/server";
  export const add = mutation({ handler: async (ctx, { notes }) => {
    const ids = [];
    for (const note of notes) ids.push(await ctx.db.insert("notes", note));
    return ids;
  } });
  export const patch = mutation({ handler: (ctx, { id, note }) => ctx.db.patch(id, note) });
  export const unset = mutation({ handler: (ctx, { id, field }) => ctx.db.patch(id, { [field]: undefined }) });
  export const replace = mutation({ handler: (ctx, { id, note }) => ctx.db.replace(id, note) });
  export const remove = mutation({ handler: (ctx, { id }) => ctx.db.delete(id) });
  export const removeAll = mutation({ handler: async (ctx, { ids }) => { for (const id of ids) if (await ctx.db.get(id)) await ctx.db.delete(id); } });
  export const addAndThrow = mutation({ handler: async (ctx, { note }) => { await ctx.db.insert("notes", note); throw new Error("no"); } });

  // A filter is a list of [field, value]; one without a value is a field that is not there.
  const filterOf = (conditions) => (q) => q.or(...conditions.map(([field, value]) => q.eq(field, value)));
  export const search = action({ handler: (ctx, { filter, index = "by_vector", ...query }) =>
    ctx.vectorSearch("notes", index, { ...query, ...(filter === undefined ? {} : { filter: filterOf(filter) }) }) });
  export const addAndSearch = action({ handler: async (ctx, { note }) => {
    const [id] = await ctx.runMutation(makeFunctionReference("vectors:add"), { notes: [note] });
    const found = await ctx.vectorSearch("notes", "by_vector", { vector: note.vector, limit: 1 });
    return { id, found };
  } });
  const ask = (query) => Convex.asyncSyscall("1.0/actions/vectorSearch", JSON.stringify({ query }));
  export const raw = action({ handler: async (ctx, { json }) => JSON.parse(await ask(JSON.parse(json))).results });
  export const inQuery = query({ handler: (ctx) => ask({ indexName: "notes.by_vector", vector: [1, 0] }) });
  export const inMutation = mutation({ handler: (ctx) => ask({ indexName: "notes.by_vector", vector: [1, 0] }) });
`;

/** Schema of `notes` with a vector index, in the form in which it is pushed. */
export function notesSchema({
  dimensions = 2,
  filterFields = ["kind", "place.city"],
  hasIndex = true,
} = {}): JSONValue {
  const notes = defineTable(v.any());
  const indexed = hasIndex
    ? notes.vectorIndex("by_vector", {
        vectorField: "vector",
        dimensions,
        filterFields,
      })
    : notes;
  return exported(
    defineSchema({ notes: indexed.index("by_kind", ["kind"]) } as never),
  );
}

export function notesApp(schema: JSONValue = notesSchema()) {
  return { modules: { vectors: VECTORS_MODULE }, schema };
}

/** Adds notes in one mutation; returns their ids. */
export async function addNotes(
  engine: Engine,
  notes: readonly Note[],
): Promise<string[]> {
  const args = { notes: [...notes] };
  const outcome = await engine.mutation("vectors:add", args);
  return valueOf(outcome) as string[];
}

export async function searchNotes(
  engine: Engine,
  query: object,
): Promise<Found[]> {
  const outcome = await engine.action("vectors:search", query as JSONValue);
  return valueOf(outcome) as unknown as Found[];
}
