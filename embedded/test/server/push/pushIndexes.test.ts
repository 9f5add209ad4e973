import { afterEach, beforeEach, expect, test } from "vitest";
import { TestDeployment, type PushedApp } from "../../support/deployment.js";
import { FakeClock } from "../../support/fakeClock.js";
import {
  finish,
  pushed,
  schema,
  start,
  waitForSchema,
} from "../../support/pushes.js";

let clock: FakeClock;
let deployment: TestDeployment;

beforeEach(async () => {
  clock = new FakeClock();
  deployment = await TestDeployment.open({ clock });
});

afterEach(() => deployment.remove());

/** Code that reads rows by one index, or by none. */
const readingBy = (index: string | null): PushedApp => ({
  modules: {
    app: `
      import { queryGeneric, mutationGeneric } from "convex/server";
      export const add = mutationGeneric({ handler: async (ctx, { from, to }) => {
        for (let n = from; n < to; n += 1) await ctx.db.insert("rows", { n: (n * 7919) % 10007 });
        return null; } });
      export const least = queryGeneric({ handler: async (ctx) => {
        const rows = await ctx.db.query("rows")${index === null ? "" : `.withIndex("${index}")`}.take(3);
        return rows.map(({ n }) => n); } });
      export const remove = mutationGeneric({ handler: async (ctx, { n }) => {
        const row = await ctx.db.query("rows").filter((q) => q.eq(q.field("n"), n)).first();
        await ctx.db.delete(row._id); return null; } });`,
  },
  schema: schema(
    "{ n: v.number() }",
    index === null ? "" : `.index("${index}", ["n"])`,
  ),
});

const call = async (kind: "query" | "mutation", path: string, args = {}) => {
  const { body } = await deployment.post(`/api/${kind}`, { path, args });
  expect(body).toMatchObject({ status: "success" });
  return (body as { value: unknown }).value;
};

test("a renamed index finds the same rows under its new name only", async () => {
  await pushed(deployment, readingBy("byN"));
  await call("mutation", "app:add", { from: 0, to: 50 });
  const before = await call("query", "app:least");
  const { componentDiffs } = await pushed(deployment, readingBy("renamed"));
  expect(componentDiffs[""]?.indexDiff).toEqual({
    added_indexes: [{ name: "rows.renamed", type: "database", fields: ["n"] }],
    removed_indexes: [{ name: "rows.byN", type: "database", fields: ["n"] }],
  });
  expect(await call("query", "app:least")).toEqual(before);
  const { modules } = readingBy("byN");
  const { schema: renamed } = readingBy("renamed");
  await pushed(deployment, { modules: modules!, schema: renamed! });
  const { body } = await deployment.post("/api/query", {
    path: "app:least",
    args: {},
  });
  expect(JSON.stringify(body)).toContain("Index rows.byN not found");
});

test("an index on many rows is filled while writes go on, before the push ends", async () => {
  await pushed(deployment, readingBy(null));
  for (let from = 0; from < 6_000; from += 1_000) {
    await call("mutation", "app:add", { from, to: from + 1_000 });
  }
  const started = await start(deployment, readingBy("byN"));
  const waits = clock.timerSetWithin(5_000);
  const waiting = waitForSchema(deployment, started, 5_000);
  // The clock moves as soon as the wait has its timer, when no batch of the index is on disk yet.
  await waits;
  clock.advance(5_000);
  expect((await waiting).body).toMatchObject({
    type: "inProgress",
    components: { "": { indexesComplete: 0, schemaValidationComplete: false } },
  });
  await call("mutation", "app:remove", { n: 0 });
  await call("mutation", "app:add", { from: 6_000, to: 6_100 });
  expect(await waitForSchema(deployment, started)).toMatchObject({
    body: { type: "complete" },
  });
  expect(await finish(deployment, started)).toMatchObject({ status: 200 });
  const numbers = Array.from({ length: 6_100 }, (_, n) => (n * 7_919) % 10_007)
    .filter((n) => n !== 0)
    .sort((a, b) => a - b);
  expect(await call("query", "app:least")).toEqual(numbers.slice(0, 3));
});

/** Code whose cron calls one of two functions, or none. */
const ticking = (target: "tick" | "tock" | null): PushedApp => ({
  modules: {
    app: `
      import { queryGeneric, mutationGeneric } from "convex/server";
      const write = (name) => mutationGeneric({ handler: async (ctx) => { await ctx.db.insert("rows", { name }); return null; } });
      export const tick = write("tick");
      export const tock = write("tock");
      export const names = queryGeneric({ handler: async (ctx) => (await ctx.db.query("rows").collect()).map(({ name }) => name) });`,
    ...(target === null
      ? {}
      : {
          crons: `
            import { cronJobs, makeFunctionReference } from "convex/server";
            const crons = cronJobs();
            crons.interval("clock", { minutes: 1 }, makeFunctionReference("app:${target}"));
            export default crons;`,
        }),
  },
});

test("a changed cron calls its new function, and a dropped one none", async () => {
  const names = () => call("query", "app:names");
  expect(
    (await pushed(deployment, ticking("tick"))).componentDiffs[""],
  ).toMatchObject({ cronDiff: { added: ["clock"], updated: [], deleted: [] } });
  await expect.poll(names).toEqual(["tick"]);
  clock.advance(60_000);
  await expect.poll(names).toEqual(["tick", "tick"]);
  expect(
    (await pushed(deployment, ticking("tock"))).componentDiffs[""],
  ).toMatchObject({ cronDiff: { added: [], updated: ["clock"], deleted: [] } });
  await expect
    .poll(async () => {
      clock.advance(30_000);
      return ((await names()) as string[]).at(-1);
    })
    .toBe("tock");
  expect(
    (await pushed(deployment, ticking(null))).componentDiffs[""],
  ).toMatchObject({ cronDiff: { added: [], updated: [], deleted: ["clock"] } });
  const last = await names();
  clock.advance(600_000);
  expect(await names()).toEqual(last);
  expect((last as string[]).filter((name) => name === "tick")).toHaveLength(2);
});
