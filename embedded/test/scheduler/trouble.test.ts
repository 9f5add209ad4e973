/** Due work when the deployment itself, not a function, fails. */
import { expect, it, onTestFinished } from "vitest";
import { applyCrons } from "../../src/scheduler/crons.js";
import { dueKey } from "../../src/scheduler/due.js";
import { write } from "../support/database.js";
import { Engine, valueOf, type EngineOptions } from "../support/engine.js";
import { FakeClock } from "../support/fakeClock.js";
import { openFloors } from "../support/floors.js";
import { SlowDisk } from "../support/slowDisk.js";

const CHAIN = `
  import { queryGeneric as query, mutationGeneric as mutation, internalMutationGeneric as internalMutation, makeFunctionReference } from "convex/server";
  const fn = (name) => makeFunctionReference(name);
  export const link = internalMutation({ handler: async (ctx) => {
    await ctx.db.insert("links", {});
    await ctx.scheduler.runAfter(0, fn("chain:link"), {});
  } });
  export const begin = mutation({ handler: (ctx) => ctx.scheduler.runAfter(0, fn("chain:link"), {}) });
  export const note = mutation({ handler: (ctx) => ctx.scheduler.runAfter(0, fn("chain:add"), {}) });
  export const add = internalMutation({ handler: (ctx) => ctx.db.insert("notes", {}) });
  export const notes = query({ handler: async (ctx) => (await ctx.db.query("notes").collect()).length });
`;

async function openChain(options: EngineOptions): Promise<Engine> {
  const engine = await Engine.open({ modules: { chain: CHAIN } }, options);
  onTestFinished(() => engine.remove());
  return engine;
}

it.each(["mutation", "action"] as const)(
  "an entry of the %s lane that cannot be read keeps no other from running",
  async (lane) => {
    const clock = new FakeClock();
    const engine = await openChain({ clock });
    await engine.database.write((tx) => {
      tx.meta.put(dueKey(lane, clock.now(), tx.ts), "damaged");
    });
    for (let second = 1; second <= 3; second += 1) {
      await engine.mutation("chain:note");
      await engine.scheduler.whenIdle();
      expect(valueOf(await engine.query("chain:notes"))).toBe(second);
      expect(engine.errors).toHaveLength(second);
      clock.advance(1_000);
      await engine.scheduler.whenIdle();
    }
  },
);

it("a cron runs at its next time after its action could not be run", async () => {
  let runs = 0;
  const floors = await openFloors({
    runner: {
      typeOf: () => "Action",
      runMutation: () => Promise.reject(new Error("not called")),
      runAction: () => Promise.reject(new Error(`run ${(runs += 1)}`)),
    },
  });
  onTestFinished(() => floors.remove());
  const { database, scheduler, clock, errors } = floors;
  const schedule = { type: "interval" as const, minutes: 1 };
  const spec = { name: "acts.js:run", args: [{}], schedule };
  await write(database, (tx) =>
    applyCrons(tx, "", { "each minute": spec }, clock.now()),
  );
  await scheduler.start();
  await scheduler.whenIdle();
  for (let minute = 1; minute <= 2; minute += 1) {
    clock.advance(60_000);
    await scheduler.whenIdle();
  }
  expect(errors).toEqual([1, 2, 3].map((n) => new Error(`run ${n}`)));
});

it("a chain of mutations does not outrun the disk", async () => {
  const disk = new SlowDisk();
  const engine = await openChain({ store: disk });
  await engine.mutation("chain:begin");
  disk.hold();
  const before = disk.writes;
  for (let turn = 0; turn < 1_000; turn += 1) {
    await new Promise(setImmediate);
  }
  // The commit under way, and one more that may run while that is written.
  expect(disk.writes - before).toBeLessThanOrEqual(2);
  disk.letGo();
  await expect.poll(() => disk.writes - before).toBeGreaterThan(100);
});
