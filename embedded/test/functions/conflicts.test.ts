import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JSONValue } from "convex/values";
import type { CompletionEvent, UdfOutcome } from "../../src/functions/types.js";
import { RequestRecords } from "../../src/server/sync/requestRecords.js";
import { Engine, valueOf, type ComponentSource } from "../support/engine.js";
import { FakeClock } from "../support/fakeClock.js";

const SERVER = `
  import { queryGeneric as query, mutationGeneric as mutation, componentsGeneric, makeFunctionReference } from "convex/server";
  const fn = (name) => makeFunctionReference(name);
  const components = componentsGeneric();
  const turns = async (count) => { for (let i = 0; i < count; i++) await null; };
  // Between two of them the thread is given away, once others have waited for long enough.
  const syscalls = async (ctx, count) => { for (let i = 0; i < count; i++) await ctx.auth.getUserIdentity(); };
`;

const STORE = `${SERVER}
  const named = (ctx, name) => ctx.db.query("counters").withIndex("by_name", (q) => q.eq("name", name));
  export const bump = mutation({ handler: async (ctx, { name, waits = 0 }) => {
    const counter = await named(ctx, name).unique();
    await turns(waits);
    const n = (counter?.n ?? 0) + 1;
    await (counter === null ? ctx.db.insert("counters", { name, n }) : ctx.db.patch(counter._id, { n }));
    return n;
  } });
  export const counters = query({ handler: async (ctx) => Object.fromEntries(
    (await ctx.db.query("counters").collect()).map(({ name, n }) => [name, n])) });
`;

const APP: ComponentSource = {
  schema: schemaJson(),
  modules: {
    m: `${STORE.replace(SERVER, SERVER)}
      export const try_ = mutation({ handler: async (ctx, { name }) => {
        const { n } = await named(ctx, name).unique();
        const tried = [n, Math.random(), Date.now()];
        console.log("tried", JSON.stringify(tried));
        await ctx.scheduler.runAfter(0, fn("m:note"), { text: "from a try" });
        await turns(5);
        await ctx.db.insert("notes", { text: "tried" });
        return tried;
      } });
      export const note = mutation({ handler: (ctx, { text }) => ctx.db.insert("notes", { text }) });
      export const noteAfter = mutation({ handler: async (ctx, { text, waits }) => {
        await turns(waits);
        await ctx.db.insert("notes", { text });
      } });
      export const notes = query({ handler: async (ctx) => (await ctx.db.query("notes").collect()).map(({ text }) => text) });
      export const howMany = query({ handler: (ctx) => ctx.db.query("notes").count() });
      export const total = mutation({ handler: async (ctx, { waits }) => {
        let sum = 0;
        for (const { n } of await ctx.db.query("counters").collect()) { sum += n; }
        await syscalls(ctx, waits);
        await ctx.db.insert("notes", { text: "total " + sum });
        return sum;
      } });
      export const claim = mutation({ handler: async (ctx, { text }) => {
        const taken = await ctx.db.query("notes").withIndex("by_text", (q) => q.gte("text", "claim").lt("text", "claim~")).first();
        if (taken !== null) return taken.text;
        await ctx.db.insert("notes", { text });
        return text;
      } });
      export const nested = mutation({ handler: async (ctx, { name }) => {
        const mine = await ctx.runMutation(components.child.store.bump, { name });
        await turns(3);
        return mine;
      } });
      export const later = mutation({ handler: async (ctx, { name, times }) => {
        const ids = [];
        for (let i = 0; i < times; i++) ids.push(await ctx.scheduler.runAfter(0, fn("m:bump"), { name, waits: 3 }));
        return ids;
      } });
      export const inAMinute = mutation({ handler: async (ctx, { waits }) => [await ctx.scheduler.runAfter(60_000, fn("m:version"), { waits })] });
      export const cancel = mutation({ handler: (ctx, { id }) => ctx.scheduler.cancel(id) });
      export const version = mutation({ handler: async (ctx, { waits }) => {
        await turns(waits);
        await ctx.db.insert("notes", { text: "VERSION" });
        return "VERSION";
      } });`,
  },
  children: { child: { schema: schemaJson(), modules: { store: STORE } } },
};

function schemaJson(): JSONValue {
  const index = (name: string, field: string) => ({
    indexDescriptor: name,
    fields: [field],
  });
  const table = (tableName: string, indexes: object[]) => ({
    tableName,
    indexes,
    searchIndexes: [],
    vectorIndexes: [],
    documentType: { type: "any" },
  });
  return {
    tables: [
      table("counters", [index("by_name", "name")]),
      table("notes", [index("by_text", "text")]),
    ],
    schemaValidation: true,
  } as JSONValue;
}

let engine: Engine;
let clock: FakeClock;

beforeEach(async () => {
  clock = new FakeClock();
  engine = await Engine.open(APP, { clock });
});
afterEach(() => engine.remove());

const call = async (name: string, args: JSONValue = {}) =>
  valueOf(await engine.mutation(name, args));
const read = async (name: string) => valueOf(await engine.query(name));
const lostTries = () =>
  engine.events.filter(
    (event): event is CompletionEvent & { occ: object } =>
      event.occ !== undefined,
  );
/** A mutation under way, whose outcome is still to come. */
const begun = (name: string, args: JSONValue) =>
  new Promise<{ outcome: Promise<UdfOutcome> }>((tell) => {
    const begin = () => {
      tell({ outcome });
      return true;
    };
    const outcome = engine.mutation(name, args, {}, { begin });
  });
const sideBySide = <T>(count: number, each: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, i) => each(i)));

describe("mutations that meet", () => {
  it("each build on the one before", async () => {
    const seen = await sideBySide(16, () => call("m:bump", { name: "a" }));
    expect([...seen].sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 16 }, (_, i) => i + 1),
    );
    expect(await read("m:counters")).toEqual({ a: 16 });
    expect(engine.runtime.conflicts.read()).toMatchObject([
      { loser: "m:bump", winner: "m:bump", table: "counters" },
    ]);
  });

  it("in a component, through a nested call, too", async () => {
    await sideBySide(8, () => call("m:nested", { name: "a" }));
    const outcome = await engine.query(
      "store:counters",
      {},
      {
        componentPath: "child",
      },
    );
    expect(valueOf(outcome)).toEqual({ a: 8 });
    expect(engine.runtime.conflicts.read()).toMatchObject([
      { loser: "m:nested", winner: "m:nested", table: "child/counters" },
    ]);
    expect(lostTries()[0]?.occ).toMatchObject({
      componentPath: "child",
      table: "counters",
      writeSource: "m:nested",
      retries: 0,
    });
  });

  it("see what came into a range that they had found empty", async () => {
    const claimed = await sideBySide(5, (i) =>
      call("m:claim", { text: `claim ${i}` }),
    );
    expect(new Set(claimed).size).toBe(1);
    expect(await read("m:notes")).toHaveLength(1);
  });

  it("see a change to a field that their index does not have", async () => {
    await call("m:bump", { name: "a" });
    const [total] = await Promise.all([
      call("m:total", { waits: 20 }),
      call("m:bump", { name: "a" }),
    ]);
    expect(total).toBe(2);
  });

  it("are hot, and waste at most one run each", async () => {
    await call("m:bump", { name: "a" });
    await sideBySide(16, async () => {
      for (let i = 0; i < 20; i++) await call("m:bump", { name: "a" });
    });
    expect(await read("m:counters")).toEqual({ a: 321 });
    expect(lostTries().length).toBeLessThan(320);
    expect(lostTries().map(({ occ }) => occ.retries)).not.toContain(4);
  });
});

describe("mutations that do not meet", () => {
  it("insert side by side, and are counted", async () => {
    await sideBySide(16, (i) =>
      call("m:noteAfter", { text: `n${i}`, waits: 16 - i }),
    );
    expect(await read("m:howMany")).toBe(16);
    expect(lostTries()).toEqual([]);
  });

  it("change other documents, and schedule", async () => {
    await sideBySide(8, (i) => call("m:bump", { name: `c${i}` }));
    await call("m:later", { name: "c0", times: 1 });
    await engine.scheduler.whenIdle();
    const before = lostTries().length;
    await sideBySide(8, (i) => call("m:bump", { name: `c${i}` }));
    await sideBySide(8, (i) => call("m:later", { name: `c${i}`, times: 1 }));
    expect(lostTries().length).toBe(before);
  });

  it("may read what changes, where they write nothing", async () => {
    await call("m:bump", { name: "a" });
    const [total] = await Promise.all([
      read("m:counters"),
      call("m:bump", { name: "a" }),
    ]);
    expect(total).toEqual({ a: 1 });
    expect(lostTries()).toEqual([]);
  });
});

describe("a try that lost", () => {
  it("leaves nothing; the next has new data, another seed and a later time", async () => {
    await call("m:bump", { name: "a" });
    const stop = engine.runtime.onCompletion(({ occ }) => {
      if (occ !== undefined) clock.advance(1_000);
    });
    const [outcome] = await Promise.all([
      engine.mutation("m:try_", { name: "a" }),
      call("m:bump", { name: "a" }),
    ]);
    stop();
    const [lost] = lostTries();
    const [n, seed, time] = JSON.parse(
      /'(\[.*\])'/.exec(String(lost?.logLines[0]))?.[1] ?? "[]",
    ) as number[];
    const [newN, newSeed, newTime] = valueOf(outcome) as number[];
    expect([n, newN]).toEqual([1, 2]);
    expect(newSeed).not.toBe(seed);
    expect(newTime).toBe(Number(time) + 1_000);
    expect(outcome.logLines).toHaveLength(1);
    expect(lost).toMatchObject({ ok: false, path: "m.js:try_" });
    expect(lost?.error).toBeUndefined();
    await engine.scheduler.whenIdle();
    expect(await read("m:notes")).toEqual(["tried", "from a try"]);
  });

  it("runs the new code, where a push came between", async () => {
    const push = await engine.prepare(withVersion("second"));
    const { outcome } = await begun("m:version", { waits: 200 });
    await push();
    expect(valueOf(await outcome)).toBe("second");
    expect(await read("m:notes")).toEqual(["second"]);
    expect(engine.runtime.conflicts.read()).toMatchObject([
      { loser: "m:version", winner: "_system", table: "_modules" },
    ]);
  });

  it("fails, where the push took the function away", async () => {
    const push = await engine.prepare({ ...APP, modules: {} });
    const { outcome } = await begun("m:version", { waits: 200 });
    await push();
    expect(await outcome).toMatchObject({
      errorMessage: expect.stringContaining("Could not find") as string,
    });
  });
});

describe("a mutation that loses all its tries", () => {
  it("runs alone, and those that commit later follow it", async () => {
    await call("m:bump", { name: "a" });
    const others: Promise<unknown>[] = [];
    const stop = engine.runtime.onCompletion(({ occ, path }) => {
      if (occ !== undefined && path === "m.js:total") {
        others.push(call("m:bump", { name: "a" }));
      }
    });
    const [total] = await Promise.all([
      call("m:total", { waits: 5_000 }),
      call("m:bump", { name: "a" }),
    ]);
    await Promise.all(others);
    stop();
    expect(lostTries().map(({ occ }) => occ.retries)).toEqual([0, 1, 2, 3, 4]);
    expect(total).toBe(6);
    expect(await read("m:counters")).toEqual({ a: 7 });
    expect(engine.runtime.conflicts.read()).toEqual([
      {
        loser: "m:total",
        winner: "m:bump",
        table: "counters",
        count: 5,
        outOfTries: 1,
      },
    ]);
    const [last] = lostTries().slice(-1);
    expect(last?.error).toMatch(
      /^Documents read from or written to the "counters" table changed while this mutation was being run and on every subsequent retry. A call to "m:bump" changed the document with ID "\w{32}"/,
    );
  });
});

describe("scheduled mutations", () => {
  it("that conflict happen once each", async () => {
    await call("m:later", { name: "a", times: 20 });
    await sideBySide(10, () => call("m:bump", { name: "a", waits: 3 }));
    await engine.scheduler.whenIdle();
    expect(await read("m:counters")).toEqual({ a: 30 });
    expect(lostTries().length).toBeGreaterThan(0);
  });
});

it("a request that two connections bring at the same time happens once", async () => {
  const records = new RequestRecords(engine.database, { clock, log: fail });
  const answers: string[] = [];
  await sideBySide(2, async () => {
    const on = {
      recorded: ({ value }: { value: JSONValue }) =>
        void answers.push(`recorded ${JSON.stringify(value)}`),
      committed: () => void answers.push("committed"),
    };
    const hooks = records.hooks({ sessionId: "s", requestId: 1 }, on);
    await engine.mutation("m:version", { waits: 10 }, {}, hooks);
  });
  await records.close();
  expect(answers).toEqual(["committed", 'recorded "VERSION"']);
  expect(await read("m:notes")).toEqual(["VERSION"]);
  expect(engine.runtime.conflicts.read()).toMatchObject([{ table: "_sync" }]);
});

it("a job that is canceled while it runs leaves nothing", async () => {
  const [id] = (await call("m:inAMinute", { waits: 200 })) as string[];
  clock.advance(60_000);
  await expect.poll(() => engine.scheduler.isBusy).toBe(true);
  await call("m:cancel", { id: id ?? "" });
  await engine.scheduler.whenIdle();
  expect(await read("m:notes")).toEqual([]);
});

function fail(line: string): never {
  throw new Error(line);
}

function withVersion(version: string): ComponentSource {
  const { m = "" } = APP.modules;
  return { ...APP, modules: { m: m.replaceAll("VERSION", version) } };
}
