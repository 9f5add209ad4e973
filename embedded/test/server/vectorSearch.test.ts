import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestDeployment, type PushedApp } from "../support/deployment.js";
import { pushed } from "../support/pushes.js";
import { SnapshotClient } from "./snapshots/snapshotClient.js";

/** More than a push indexes in its own commit. */
const NOTES = 1_500;

const SEARCH = `
  import { actionGeneric as action } from "convex/server";
  export const search = action({ handler: (ctx, { vector, kind }) =>
    ctx.vectorSearch("notes", "by_vector", { vector, limit: 3, filter: (q) => q.or(q.eq("kind", kind), q.eq("kind", "any")) }) });`;

/** An app with notes to search, by an index that is there, staged or not there. */
const searching = (index: "there" | "staged" | "gone"): PushedApp => ({
  modules: {
    notes: `
      import { mutationGeneric as mutation } from "convex/server";
      export const fill = mutation({ handler: async (ctx, { count }) => {
        const ids = [];
        for (let n = 0; n < count; n += 1)
          ids.push(await ctx.db.insert("notes", { vector: [count - n, n, 0], kind: n % 2 === 0 ? "even" : "odd" }));
        return ids;
      } });
      export const remove = mutation({ handler: (ctx, { id }) => ctx.db.delete(id) });`,
    here: SEARCH,
    inNode: `"use node";${SEARCH}`,
  },
  schema: `
    import { defineSchema, defineTable } from "convex/server";
    import { v } from "convex/values";
    export default defineSchema({
      notes: defineTable({ vector: v.array(v.float64()), kind: v.string() })
        ${index === "gone" ? "" : `.vectorIndex("by_vector", { vectorField: "vector", dimensions: 3, filterFields: ["kind"], staged: ${index === "staged"} })`}
    });`,
});

const SHOWN = {
  name: "notes.by_vector",
  type: "vector",
  vectorField: "vector",
  dimensions: 3,
  filterFields: ["kind"],
};

let deployment: TestDeployment;
let ids: string[];
beforeAll(async () => {
  deployment = await TestDeployment.open();
  await pushed(deployment, searching("gone"));
  ids = (await mutate("notes:fill", { count: NOTES })) as string[];
});
afterAll(() => deployment.remove());

const client = () => new ConvexHttpClient(deployment.url, { logger: false });
const mutate = (path: string, args: object) =>
  client().mutation(makeFunctionReference<"mutation">(path), args);

async function search(module: "here" | "inNode" = "here"): Promise<string[]> {
  const action = makeFunctionReference<"action">(`${module}:search`);
  const query = { vector: [1, 0, 0], kind: "odd" };
  const found = (await client().action(action, query)) as { _id: string }[];
  return found.map(({ _id }) => _id);
}

const nearest = () => [ids[1], ids[3], ids[5]];

test("a pushed index has what was there before, for actions here and in Node", async () => {
  const { componentDiffs } = await pushed(deployment, searching("there"));
  expect(componentDiffs[""]?.indexDiff).toEqual({
    added_indexes: [SHOWN],
    removed_indexes: [],
  });
  expect(await search()).toEqual(nearest());
  expect(await search("inNode")).toEqual(nearest());
});

test("a staged index is not there; it is filled when it is staged no longer", async () => {
  await pushed(deployment, searching("staged"));
  await expect(search()).rejects.toThrow(
    "Index notes.by_vector is currently staged and not available to query until it is enabled.",
  );
  await mutate("notes:remove", { id: ids[1] });
  ids.splice(0, 2);
  await pushed(deployment, searching("there"));
  expect(await search()).toEqual(nearest());
});

test("what an import brings is found, and what it replaces is not", async () => {
  const snapshots = new SnapshotClient(deployment);
  const zip = await snapshots.exportZip();
  await mutate("notes:remove", { id: ids[1] });
  await mutate("notes:fill", { count: 3 });
  expect(await search()).not.toEqual(nearest());
  const request = { format: "zip", mode: "replace" };
  expect(await snapshots.runImport(zip, request)).toMatchObject({
    state: "completed",
  });
  expect(await search()).toEqual(nearest());
});

test("a restart finds the same", async () => {
  const { dataDir } = deployment;
  await deployment.close();
  deployment = await TestDeployment.open({ dataDir });
  expect(await search()).toEqual(nearest());
});
