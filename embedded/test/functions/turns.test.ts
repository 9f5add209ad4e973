import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Steps } from "../../src/database/steps.js";
import { inTurns } from "../../src/functions/execution/inTurns.js";
import { CallThread } from "../../src/functions/execution/turns.js";
import { Engine, valueOf } from "../support/engine.js";
import { openMemoryStore } from "../support/memoryStore.js";

const ROWS = 2_000;

const APP = {
  modules: {
    m: `
      import { queryGeneric as query, mutationGeneric as mutation } from "convex/server";
      const ROWS = ${ROWS};
      const rows = (ctx) => ctx.db.query("rows").collect();
      export const fill = mutation({ handler: async (ctx) => {
        for (let n = 0; n < ROWS; n++) await ctx.db.insert("rows", { n, text: "x".repeat(200) });
      } });
      export const page = mutation({ handler: async (ctx) => {
        for (const { _id } of await rows(ctx)) await ctx.db.delete(_id);
      } });
      export const pageAtOnce = mutation({ handler: async (ctx) => {
        await Promise.all((await rows(ctx)).map(({ _id }) => ctx.db.delete(_id)));
      } });
      export const look = query({ handler: async (ctx) => {
        let sum = 0;
        for (let i = 0; i < 3; i++) for (const { n } of await rows(ctx)) { sum += n; await ctx.db.get((await ctx.db.query("rows").first())._id); }
        return sum;
      } });
      export const leave = mutation({ handler: async (ctx) => {
        for (const { _id } of await rows(ctx)) void ctx.db.patch(_id, { n: -1 });
      } });
      export const beat = mutation({ handler: (ctx) => ctx.db.insert("beats", {}) });
      export const left = query({ handler: async (ctx) => (await rows(ctx)).length });
      export const changed = query({ handler: async (ctx) => (await rows(ctx)).filter(({ n }) => n === -1).length });`,
  },
};

let engine: Engine;

beforeAll(async () => {
  engine = await Engine.open(APP, { store: openMemoryStore() });
  // The tables are there, and all code is loaded.
  valueOf(await engine.mutation("m:beat"));
  valueOf(await engine.mutation("m:fill"));
});
afterAll(() => engine.close());

/** Mutations that came, one after the other, and were over before the other call was. */
async function beatsBeside(running: Promise<unknown>): Promise<number> {
  let isOver = false;
  const ended = running.then(() => (isOver = true));
  let beats = 0;
  for (; !isOver; beats += 1) {
    await setImmediate();
    valueOf(await engine.mutation("m:beat"));
  }
  await ended;
  return beats;
}

const read = async (name: string) => valueOf(await engine.query(name));

it.each(["m:page", "m:pageAtOnce"])(
  "%s keeps nobody waiting, and loses to nobody it does not meet",
  async (name) => {
    if ((await read("m:left")) === 0) valueOf(await engine.mutation("m:fill"));
    const lost = engine.events.filter(({ occ }) => occ !== undefined).length;
    expect(await beatsBeside(engine.mutation(name))).toBeGreaterThan(3);
    expect(await read("m:left")).toBe(0);
    expect(engine.events.filter(({ occ }) => occ !== undefined)).toHaveLength(
      lost,
    );
  },
);

it("a long query keeps nobody waiting either", async () => {
  valueOf(await engine.mutation("m:fill"));
  expect(await beatsBeside(engine.query("m:look"))).toBeGreaterThan(3);
});

it("what a function did not wait for is done, whether the thread was given away or not", async () => {
  expect(await read("m:left")).toBe(ROWS);
  valueOf(await engine.mutation("m:leave"));
  expect(await read("m:changed")).toBe(ROWS);
});

it("work in steps gives the thread away, and ends with its function", async () => {
  const execution = {
    thread: new CallThread(),
    inTurns: new Set<Steps<unknown>>(),
    finished: false,
  };
  let isClosed = false;
  let turns = 0;
  const endMs = performance.now() + 20_000;
  function* steps(until: () => boolean): Steps<string> {
    try {
      while (!until() && performance.now() < endMs) yield;
      return "done";
    } finally {
      isClosed = true;
    }
  }
  let isOver = false;
  const working = Promise.resolve(
    inTurns(
      execution,
      steps(() => turns > 3),
      (end) => end,
    ),
  );
  const ended = working.then(() => (isOver = true));
  for (; !isOver; turns += 1) await setImmediate();
  await ended;
  expect(await working).toBe("done");
  expect(turns).toBeGreaterThan(3);
  expect(execution.inTurns.size).toBe(0);
  expect(isClosed).toBe(true);

  isClosed = false;
  void inTurns(
    execution,
    steps(() => false),
    () => expect.fail("it goes on"),
  );
  const [left] = execution.inTurns;
  execution.finished = true;
  left!.return(undefined);
  expect(isClosed).toBe(true);
  await setImmediate();
});
