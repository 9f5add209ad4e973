import { afterEach, beforeEach, expect, it } from "vitest";
import { Engine, valueOf, type ComponentSource } from "../support/engine.js";
import { FakeClock } from "../support/fakeClock.js";

const JOBS = `
  import { queryGeneric as query, mutationGeneric as mutation, actionGeneric as action, cronJobs, makeFunctionReference } from "convex/server";
  import { v } from "convex/values";
  const fn = (name) => makeFunctionReference(name);
  export const note = mutation({ args: { text: v.string() }, handler: async (ctx, { text }) => { await ctx.db.insert("rows", { text }); } });
  export const rows = query({ args: {}, handler: async (ctx) => (await ctx.db.query("rows").collect()).map((row) => row.text) });
  export const states = query({ args: {}, handler: async (ctx) => (await ctx.db.system.query("_scheduled_functions").collect()).map((job) => job.state) });
  export const later = mutation({ args: { ms: v.number(), name: v.string(), args: v.any() }, handler: async (ctx, { ms, name, args }) => await ctx.scheduler.runAfter(ms, fn(name), args) });
  export const hangs = action({ args: {}, handler: async (ctx) => { await ctx.runMutation(fn("jobs:note"), { text: "begun" }); await new Promise((resolve) => setTimeout(resolve, 3_600_000)); await ctx.runMutation(fn("jobs:note"), { text: "ended" }); } });
`;
const app: ComponentSource = { modules: { jobs: JOBS } };

let clock: FakeClock;
let engine: Engine;
beforeEach(async () => {
  clock = new FakeClock();
  engine = await Engine.open(app, { clock });
});
afterEach(() => engine.remove());

const rows = async () => valueOf(await engine.query("jobs:rows"));
const states = async () => valueOf(await engine.query("jobs:states"));
const later = async (ms: number, name: string, args = {}) =>
  valueOf(await engine.mutation("jobs:later", { ms, name, args }));

/** Stops the scheduler, closes the directory and opens it again, `downMs` later. */
async function restart(downMs: number): Promise<void> {
  const closing = engine.close();
  clock.advance(5_000);
  await closing;
  clock = new FakeClock(clock.now() + downMs);
  engine = await Engine.open(app, { clock, dataDir: engine.dataDir });
}

it("runs jobs after a restart that became due meanwhile, and later ones at their time", async () => {
  await later(60_000, "jobs:note", { text: "second" });
  await later(30_000, "jobs:note", { text: "first" });
  await later(600_000, "jobs:note", { text: "third" });
  await restart(120_000);
  await engine.scheduler.whenIdle();
  expect(await rows()).toEqual(["first", "second"]);
  clock.advance(600_000);
  await engine.scheduler.whenIdle();
  expect(await rows()).toEqual(["first", "second", "third"]);
});

it("runs no job twice over a restart", async () => {
  await later(0, "jobs:note", { text: "once" });
  await engine.scheduler.whenIdle();
  await restart(1_000);
  await engine.scheduler.whenIdle();
  expect(await rows()).toEqual(["once"]);
  expect(await states()).toEqual([{ kind: "success" }]);
});

it("fails an action that a stop interrupted, and does not run it again", async () => {
  await later(0, "jobs:hangs");
  while (((await rows()) as string[]).length === 0) {
    await new Promise(setImmediate);
  }
  await restart(1_000);
  await engine.scheduler.whenIdle();
  expect(await states()).toEqual([
    { kind: "failed", error: "Transient error while executing action" },
  ]);
  clock.advance(2 * 3_600_000);
  await engine.scheduler.whenIdle();
  expect(await rows()).toEqual(["begun"]);
});

it("starts no job after it was stopped", async () => {
  await later(1_000, "jobs:note", { text: "late" });
  await engine.scheduler.stop();
  clock.advance(2_000);
  await engine.scheduler.whenIdle();
  expect(await rows()).toEqual([]);
  expect(clock.nextTimerMs).toBeUndefined();
});
