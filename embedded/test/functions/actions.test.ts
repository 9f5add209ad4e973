import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Engine, errorOf, valueOf } from "../support/engine.js";
import { FakeClock } from "../support/fakeClock.js";

const ACTIONS = `
  import { queryGeneric as query, mutationGeneric as mutation, actionGeneric as action, internalMutationGeneric as internalMutation, makeFunctionReference, componentsGeneric } from "convex/server";
  import { v, ConvexError } from "convex/values";
  const fn = (name) => makeFunctionReference(name);

  export const add = internalMutation({ args: { n: v.number() }, handler: async (ctx, { n }) => { console.log("add", n); await ctx.db.insert("numbers", { n }); return n; } });
  export const addAndFail = mutation({ args: {}, handler: async (ctx) => { await ctx.db.insert("numbers", { n: -1 }); throw new ConvexError({ code: 7 }); } });
  export const sum = query({ args: {}, handler: async (ctx) => (await ctx.db.query("numbers").collect()).reduce((total, { n }) => total + n, 0) });
  export const steps = action({ args: {}, returns: v.object({ sum: v.number(), data: v.any() }), handler: async (ctx) => {
    console.log("start");
    await ctx.runMutation(fn("actions:add"), { n: 1 });
    await ctx.runMutation(fn("actions:add"), { n: 2 });
    let data;
    try { await ctx.runMutation(fn("actions:addAndFail"), {}); } catch (error) { data = error instanceof ConvexError ? error.data : error.message; }
    return { sum: await ctx.runQuery(fn("actions:sum"), {}), data };
  } });
  export const sideBySide = action({ args: {}, handler: async (ctx) => await Promise.all([10, 20, 30].map((n) => ctx.runMutation(fn("actions:add"), { n }))) });
  export const outer = action({ args: {}, handler: async (ctx) => { console.log("outer"); return await ctx.runAction(fn("actions:inner"), {}); } });
  export const inner = action({ args: {}, handler: async (ctx) => { console.log("inner"); return (await ctx.meta.getRequestMetadata()).requestId; } });
  export const noDatabase = action({ args: {}, handler: async () => JSON.parse(await Convex.asyncSyscall("1.0/get", JSON.stringify({ id: "x" }))) });
  export const noMetrics = action({ args: {}, handler: async () => JSON.parse(await Convex.asyncSyscall("1.0/getTransactionMetrics", "{}")) });
  export const get = action({ args: { url: v.string() }, handler: async (ctx, { url }) => { const response = await fetch(url); return await response.json(); } });
  export const fails = action({ args: {}, handler: async () => { throw new Error("action failed"); } });
  export const wrongType = action({ args: {}, handler: async (ctx) => await ctx.runQuery(fn("actions:add"), { n: 1 }) });
  export const waitsThenSums = action({ args: {}, handler: async (ctx) => { await new Promise((resolve) => setTimeout(resolve, 1_000)); return await ctx.runQuery(fn("actions:sum"), {}); } });
  export const identity = action({ args: {}, handler: async (ctx) => await ctx.auth.getUserIdentity() });
`;

const clock = new FakeClock();
let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open({ modules: { actions: ACTIONS } }, { clock });
});
afterAll(() => engine.remove());

it("runs each mutation as a transaction of its own", async () => {
  const before = engine.events.length;
  const outcome = await engine.action("actions:steps");
  expect(valueOf(outcome)).toEqual({ sum: 3, data: { code: 7 } });
  expect(outcome.logLines).toEqual([
    "[LOG] 'start'",
    "[LOG] 'add' 1",
    "[LOG] 'add' 2",
  ]);
  expect(
    engine.events
      .slice(before)
      .map(({ path, source, ok }) => [path, source, ok]),
  ).toEqual([
    ["actions.js:add", "action", true],
    ["actions.js:add", "action", true],
    ["actions.js:addAndFail", "action", false],
    ["actions.js:sum", "action", true],
    ["actions.js:steps", "client", true],
  ]);
});

it("runs mutations side by side without losing one", async () => {
  const before = valueOf(await engine.query("actions:sum")) as number;
  expect(valueOf(await engine.action("actions:sideBySide"))).toEqual([
    10, 20, 30,
  ]);
  expect(valueOf(await engine.query("actions:sum"))).toBe(before + 60);
});

it("runs actions in actions as the same request", async () => {
  const outcome = await engine.action("actions:outer", {}, { requestId: "r1" });
  expect(valueOf(outcome)).toBe("r1");
  expect(outcome.logLines).toEqual(["[LOG] 'outer'", "[LOG] 'inner'"]);
});

it.each([
  ["actions:noDatabase", "Unknown async operation 1.0/get"],
  ["actions:noMetrics", "Unknown async operation 1.0/getTransactionMetrics"],
  ["actions:fails", "Uncaught Error: action failed"],
  [
    "actions:wrongType",
    "Trying to execute actions.js:add as Query, but it is defined as Mutation.",
  ],
])("%s fails", async (path, text) => {
  expect(errorOf(await engine.action(path))).toContain(text);
});

it("can fetch", async () => {
  const server = createServer((_, response) => response.end('{"ok":true}'));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const url = `http://127.0.0.1:${port}/`;
    expect(valueOf(await engine.action("actions:get", { url }))).toEqual({
      ok: true,
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

it("has no user identity", async () => {
  expect(valueOf(await engine.action("actions:identity"))).toBeNull();
});

it("calls the latest code after a push", async () => {
  const moved = ACTIONS.replace(
    "handler: async (ctx) => (await ctx.db",
    "handler: async (ctx) => 1_000 + (await ctx.db",
  );
  const running = engine.action("actions:waitsThenSums");
  while (clock.nextTimerMs === undefined) {
    await new Promise(setImmediate);
  }
  const before = valueOf(await engine.query("actions:sum")) as number;
  await engine.deploy({ modules: { actions: moved } });
  clock.advance(1_000);
  expect(valueOf(await running)).toBe(before + 1_000);
});
