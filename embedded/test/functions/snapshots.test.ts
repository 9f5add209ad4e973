/** The answer to a caller: data and code of one time, and only once it is on disk. */
import { afterEach, expect, it } from "vitest";
import { CallThread } from "../../src/functions/execution/turns.js";
import { Engine, valueOf } from "../support/engine.js";
import { SlowDisk } from "../support/slowDisk.js";

let engine: Engine;
afterEach(() => engine.remove());

const IMPORTS = `
  import { queryGeneric as query, mutationGeneric as mutation, actionGeneric as action, makeFunctionReference } from "convex/server";
  const fn = (name) => makeFunctionReference(name);
`;

it("a query on a snapshot runs the code of that time, also after later pushes", async () => {
  const version = (n: number) => ({
    modules: {
      app: `${IMPORTS}
        export const inner = query({ handler: async () => ${n} });
        export const read = query({ handler: async (ctx) => {
          await ctx.db.query("rows").withIndex("v${n}").first();
          return [${n}, await ctx.runQuery(fn("app:inner"), {})];
        } });`,
    },
    schema: {
      tables: [
        {
          tableName: "rows",
          indexes: [{ indexDescriptor: `v${n}`, fields: ["n"] }],
          documentType: { type: "any" },
        },
      ],
      schemaValidation: true,
    },
  });
  engine = await Engine.open(version(1));
  const before = engine.runtime.snapshot();
  await engine.deploy(version(2));
  const request = {
    ...{ componentPath: "", path: "app:read" },
    ...{ args: {}, access: "admin" as const },
  };
  expect(valueOf(await engine.runtime.runQueryAt(request, before))).toEqual([
    1, 1,
  ]);
  before.data.release();
  expect(valueOf(await engine.query("app:read"))).toEqual([2, 2]);
});

it.each([
  ["a query", "query", "notes:count", "success"],
  ["a query that throws", "query", "notes:refuse", "error"],
  ["a mutation that throws", "mutation", "notes:refuseToAdd", "error"],
  ["an action that asked a query that throws", "action", "notes:ask", "error"],
] as const)(
  "%s waits until what it read is on disk",
  async (_, udfType, path, status) => {
    const disk = new SlowDisk();
    engine = await Engine.open(
      {
        modules: {
          notes: `${IMPORTS}
            import { ConvexError } from "convex/values";
            const counted = async (ctx) => (await ctx.db.query("notes").collect()).length;
            const refused = async (ctx) => { throw new ConvexError(await counted(ctx)); };
            export const add = mutation({ handler: (ctx) => ctx.db.insert("notes", {}) });
            export const count = query({ handler: counted });
            export const refuse = query({ handler: refused });
            export const refuseToAdd = mutation({ handler: refused });
            export const ask = action({ handler: (ctx) => ctx.runQuery(fn("notes:refuse"), {}) });`,
        },
      },
      { store: disk, startScheduler: false },
    );
    disk.hold();
    const added = engine.mutation("notes:add");
    await expect.poll(() => engine.events.length).toBe(1);
    const told: string[] = [];
    const asked = engine[udfType](path).finally(() => told.push("asked"));
    await expect.poll(() => engine.events.length).toBeGreaterThan(1);
    await new Promise(setImmediate);
    expect(told).toEqual([]);
    disk.letGo();
    expect(await asked).toMatchObject({ status });
    await added;
  },
);

it("a shared query tells whether it asked who is signed in, or for the time", async () => {
  engine = await Engine.open({
    modules: {
      app: `${IMPORTS}
        export const neither = query({ handler: async () => ({ n: 1n }) });
        export const identity = query({ handler: async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? null });
        export const time = query({ handler: async () => typeof Date.now() });
        export const nested = query({ handler: async (ctx) => [await ctx.runQuery(fn("app:identity"), {}), await ctx.runQuery(fn("app:time"), {})] });
        export const random = query({ handler: async () => Math.random() < 2 });
        export const fails = query({ handler: async (ctx) => { await ctx.auth.getUserIdentity(); throw new Error("no"); } });`,
    },
  });
  const snapshot = engine.runtime.snapshot();
  const ask = (path: string) =>
    engine.runtime.runSharedQuery(
      { componentPath: "", path, args: {}, access: "public" },
      snapshot,
      new CallThread(),
    );
  expect(await ask("app:neither")).toMatchObject({
    outcome: { status: "success", json: '{"n":{"$integer":"AQAAAAAAAAA="}}' },
    asked: { identity: false, time: false },
  });
  expect(await ask("app:identity")).toMatchObject({
    asked: { identity: true, time: false },
  });
  expect(await ask("app:time")).toMatchObject({
    asked: { identity: false, time: true },
  });
  expect(await ask("app:nested")).toMatchObject({
    outcome: { json: '[null,"number"]' },
    asked: { identity: true, time: true },
  });
  expect(await ask("app:random")).toMatchObject({
    asked: { identity: false, time: false },
  });
  expect(await ask("app:fails")).toMatchObject({
    outcome: { status: "error" },
    asked: { identity: true },
  });
  snapshot.data.release();
});
