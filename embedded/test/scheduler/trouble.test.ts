/** Due work when the deployment itself, not a function, fails. */
import { expect, it, onTestFinished } from "vitest";
import type { Clock } from "../../src/clock.js";
import { applyCrons } from "../../src/scheduler/crons.js";
import { dueKey } from "../../src/scheduler/due.js";
import { scheduleJob } from "../../src/scheduler/jobs.js";
import { write } from "../support/database.js";
import { Engine, valueOf, type EngineOptions } from "../support/engine.js";
import { FakeClock } from "../support/fakeClock.js";
import { openFloors, type Floors } from "../support/floors.js";
import { SlowDisk } from "../support/slowDisk.js";

const WEEK_MS = 7 * 24 * 3_600_000;

const CHAIN = `
  import { queryGeneric as query, mutationGeneric as mutation, internalMutationGeneric as internalMutation, makeFunctionReference } from "convex/server";
  const fn = (name) => makeFunctionReference(name);
  export const link = internalMutation({ handler: async (ctx) => {
    await ctx.db.insert("links", {});
    await ctx.scheduler.runAfter(0, fn("chain:link"), {});
  } });
  export const begin = mutation({ handler: (ctx) => ctx.scheduler.runAfter(0, fn("chain:link"), {}) });
  export const note = mutation({ handler: (ctx) => ctx.scheduler.runAfter(0, fn("chain:add"), {}) });
  export const noteLater = mutation({ handler: (ctx) => ctx.scheduler.runAfter(86_400_000, fn("chain:add"), {}) });
  export const add = internalMutation({ handler: (ctx) => ctx.db.insert("notes", {}) });
  export const notes = query({ handler: async (ctx) => (await ctx.db.query("notes").collect()).length });
`;

async function openChain(options: EngineOptions): Promise<Engine> {
  const engine = await Engine.open({ modules: { chain: CHAIN } }, options);
  onTestFinished(() => engine.remove());
  return engine;
}

/** A clock that can be set, which its timers do not notice, as those of a machine that slept. */
function settableClock(options: Pick<Clock, "trustsTimersMs"> = {}) {
  const timers = new FakeClock();
  let aheadMs = 0;
  const clock: Clock = {
    ...options,
    now: () => timers.now() + aheadMs,
    setTimeout: (callback, delayMs) => timers.setTimeout(callback, delayMs),
    clearTimeout: (timer) => timers.clearTimeout(timer),
  };
  return { clock, timers, set: (ms: number) => (aheadMs += ms) };
}

it("a job runs soon after its time, also where its timer stood still", async () => {
  const { clock, timers, set } = settableClock({ trustsTimersMs: 30_000 });
  const engine = await openChain({ clock });
  await engine.mutation("chain:noteLater");
  set(86_400_000);
  timers.advance(30_000);
  await engine.scheduler.whenIdle();
  expect(valueOf(await engine.query("chain:notes"))).toBe(1);
});

it("a job is not kept waiting by a timer for a time that the clock has passed", async () => {
  const { clock, timers, set } = settableClock();
  const engine = await openChain({ clock, timersOnly: true });
  await engine.mutation("chain:noteLater");
  set(2 * 86_400_000);
  await engine.mutation("chain:note");
  timers.advance(0);
  await engine.scheduler.whenIdle();
  timers.advance(0);
  await engine.scheduler.whenIdle();
  expect(valueOf(await engine.query("chain:notes"))).toBe(2);
});

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

it("at most eight mutations are under way, the earliest first", async () => {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const floors: Floors = await openFloors({
    runner: {
      typeOf: () => "Mutation",
      runMutation: async ({ path }, hooks) => {
        begun.push(path);
        await new Promise<void>((resolve) => ends.push(resolve));
        const { durable } = await floors.database.write((tx) => {
          hooks.begin(tx);
          hooks.beforeCommit(tx, { value: null, logLines: [] });
        });
        return { kind: "success", durable };
      },
      runAction: () => Promise.reject(new Error("not called")),
    },
  });
  onTestFinished(() => floors.remove());
  const { database, scheduler, clock } = floors;
  const names = Array.from({ length: 20 }, (_, n) => `jobs.js:run${n}`);
  await write(database, (tx) => {
    for (const path of names) {
      scheduleJob(tx, {
        ...{ componentPath: "", args: {}, scheduledBy: null },
        target: { componentPath: "", path, udfType: "Mutation" },
        ...{ scheduledTimeMs: clock.now(), nowMs: clock.now() },
      });
    }
  });
  await scheduler.start();
  await expect.poll(() => begun).toEqual(names.slice(0, 8));
  // Where one ends, the next one begins, whatever the others do.
  for (let n = 0; n < 12; n += 1) {
    ends.splice(3, 1)[0]!();
    await expect.poll(() => begun).toEqual(names.slice(0, 9 + n));
  }
  for (const end of ends) end();
  await scheduler.whenIdle();
  expect(scheduler.nextDueMs()).toBe(clock.now() + WEEK_MS);
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
  // The commit under way, and those that may run while that is written.
  expect(disk.writes - before).toBeLessThanOrEqual(9);
  disk.letGo();
  await expect.poll(() => disk.writes - before).toBeGreaterThan(100);
});
