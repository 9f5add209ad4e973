import { expect } from "vitest";
import { TestDeployment } from "../../support/deployment.js";

/** Rows in the order of a number, page by page. */
export async function openRows(
  numbers: readonly number[],
): Promise<TestDeployment> {
  const deployment = await TestDeployment.open();
  const pushed = await deployment.push({
    schema: `
      import { defineSchema, defineTable } from "convex/server";
      import { v } from "convex/values";
      export default defineSchema({ rows: defineTable({ n: v.number() }).index("by_n", ["n"]) });`,
    modules: {
      rows: `
        import { mutationGeneric, paginationOptsValidator, queryGeneric } from "convex/server";
        import { v } from "convex/values";
        export const page = queryGeneric({
          args: { paginationOpts: paginationOptsValidator, above: v.optional(v.number()) },
          handler: (ctx, { paginationOpts, above = 0 }) =>
            ctx.db.query("rows").withIndex("by_n", (q) => q.gt("n", above)).paginate(paginationOpts),
        });
        export const insert = mutationGeneric({ handler: async (ctx, { numbers }) => {
          for (const n of numbers) await ctx.db.insert("rows", { n });
        } });
        export const remove = mutationGeneric({ handler: async (ctx, { n }) => {
          const row = await ctx.db.query("rows").withIndex("by_n", (q) => q.eq("n", n)).unique();
          await ctx.db.delete(row._id);
        } });`,
    },
  });
  expect(pushed).toMatchObject({ status: 200 });
  await insert(deployment, ...numbers);
  return deployment;
}

export function insert(
  deployment: TestDeployment,
  ...numbers: number[]
): Promise<void> {
  return mutate(deployment, "rows:insert", { numbers });
}

export function remove(deployment: TestDeployment, n: number): Promise<void> {
  return mutate(deployment, "rows:remove", { n });
}

async function mutate(
  deployment: TestDeployment,
  path: string,
  args: object,
): Promise<void> {
  const { body } = await deployment.post("/api/mutation", { path, args });
  expect(body).toMatchObject({ status: "success" });
}
