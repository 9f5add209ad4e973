import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Meta } from "../../src/database/records/meta.js";
import {
  Engine,
  errorOf,
  valueOf,
  type ComponentSource,
} from "../support/engine.js";
import { FakeClock } from "../support/fakeClock.js";

const IMPORTS = `
  import { queryGeneric as query, mutationGeneric as mutation, actionGeneric as action, internalMutationGeneric as internalMutation, makeFunctionReference, componentsGeneric, createFunctionHandle } from "convex/server";
  import { v } from "convex/values";
  const fn = (name) => makeFunctionReference(name);
  const components = componentsGeneric();
  const states = query({ args: {}, handler: async (ctx) => (await ctx.db.system.query("_scheduled_functions").collect()).map((job) => job.state.kind) });
  const rows = query({ args: {}, handler: async (ctx) => (await ctx.db.query("rows").collect()).map((row) => row.text) });
  const note = mutation({ args: { text: v.string() }, handler: async (ctx, { text }) => { await ctx.db.insert("rows", { text }); } });
`;

const JOBS = `${IMPORTS}
  export { states, rows, note };
  export const job = query({ args: { id: v.id("_scheduled_functions") }, handler: async (ctx, { id }) => await ctx.db.system.get(id) });
  export const later = mutation({ args: { ms: v.number(), name: v.string(), args: v.any() }, handler: async (ctx, { ms, name, args }) => await ctx.scheduler.runAfter(ms, fn(name), args) });
  export const at = mutation({ args: { time: v.number() }, handler: async (ctx, { time }) => await ctx.scheduler.runAt(time, fn("jobs:note"), { text: "at" }) });
  export const insertRow = mutation({ args: {}, handler: (ctx) => ctx.db.insert("rows", { text: "row" }) });
  export const cancel = mutation({ args: { id: v.string() }, handler: async (ctx, { id }) => { await ctx.scheduler.cancel(id); } });
  export const many = mutation({ args: { count: v.number() }, handler: async (ctx, { count }) => { for (let i = 0; i < count; i++) await ctx.scheduler.runAfter(0, fn("jobs:note"), { text: String(i) }); } });
  export const bump = internalMutation({ args: {}, handler: async (ctx) => {
    const row = await ctx.db.query("rows").first();
    if (row === null) await ctx.db.insert("rows", { text: "1" });
    else await ctx.db.patch(row._id, { text: String(Number(row.text) + 1) });
  } });
  export const bumps = mutation({ args: { count: v.number() }, handler: async (ctx, { count }) => { for (let i = 0; i < count; i++) await ctx.scheduler.runAfter(0, fn("jobs:bump"), {}); } });
  export const fails = internalMutation({ args: {}, handler: async (ctx) => { await ctx.db.insert("rows", { text: "never" }); await ctx.scheduler.runAfter(0, fn("jobs:note"), { text: "never" }); throw new Error("job failed"); } });
  export const seesItself = internalMutation({ args: {}, handler: async (ctx) => {
    const own = (await ctx.db.system.query("_scheduled_functions").order("desc").first());
    const { scheduledFunctionId } = await ctx.meta.getRequestMetadata();
    await ctx.db.insert("rows", { text: own.state.kind + (own._id === scheduledFunctionId) });
  } });
  export const cancelsItself = internalMutation({ args: {}, handler: async (ctx) => {
    const { scheduledFunctionId } = await ctx.meta.getRequestMetadata();
    await ctx.scheduler.runAfter(0, fn("jobs:note"), { text: "before" });
    await ctx.scheduler.cancel(scheduledFunctionId);
    await ctx.scheduler.runAfter(0, fn("jobs:note"), { text: "after" });
    await ctx.db.insert("rows", { text: "self" });
  } });
  export const waits = action({ args: {}, handler: async (ctx) => {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await ctx.scheduler.runAfter(0, fn("jobs:note"), { text: "from action" });
    await ctx.runMutation(fn("jobs:later"), { ms: 0, name: "jobs:note", args: { text: "from its mutation" } });
  } });
  export const actionFails = action({ args: {}, handler: async () => { throw new Error("action failed"); } });
  export const chain = internalMutation({ args: { left: v.number() }, handler: async (ctx, { left }) => { await ctx.db.insert("rows", { text: String(left) }); if (left > 0) await ctx.scheduler.runAfter(0, fn("jobs:chain"), { left: left - 1 }); } });
  export const caughtSchedule = mutation({ args: {}, handler: async (ctx) => { try { await ctx.runMutation(fn("jobs:fails"), {}); } catch { /* its schedule is to be taken back all the same */ } } });
  export const inChild = mutation({ args: {}, handler: async (ctx) => await ctx.runMutation(components.child.own.schedule, { handle: await createFunctionHandle(fn("jobs:note")) }) });
  export const placeholder = mutation({ args: {}, handler: async () => JSON.parse(await Convex.asyncSyscall("1.0/schedule", JSON.stringify({ name: "jobs:note", ts: Date.now() / 1000, args: { text: { $commitTs: null } } }))) });
  export const bigArgs = mutation({ args: {}, handler: async (ctx) => { for (let i = 0; i < 18; i++) await ctx.scheduler.runAfter(0, fn("jobs:note"), { text: "x".repeat(1_000_000) }); } });
`;

const CHILD = `${IMPORTS}
  export { states, rows };
  export const schedule = mutation({ args: { handle: v.string() }, handler: async (ctx, { handle }) => await ctx.scheduler.runAfter(0, handle, { text: "by child" }) });
`;

const app: ComponentSource = {
  modules: { jobs: JOBS },
  children: { child: { modules: { own: CHILD } } },
};

let clock: FakeClock;
let engine: Engine;
beforeEach(async () => {
  clock = new FakeClock();
  engine = await Engine.open(app, { clock });
});
afterEach(async () => {
  expect(engine.errors).toEqual([]);
  await engine.remove();
});

const rows = async () => valueOf(await engine.query("jobs:rows")) as string[];
const states = async (componentPath = "") =>
  valueOf(
    await engine.query(
      componentPath === "" ? "jobs:states" : "own:states",
      {},
      { componentPath },
    ),
  );
const job = async (id: string) =>
  valueOf(await engine.query("jobs:job", { id }));
const later = async (ms: number, name: string, args = {}) =>
  valueOf(await engine.mutation("jobs:later", { ms, name, args })) as string;

async function advance(ms: number): Promise<void> {
  clock.advance(ms);
  await engine.scheduler.whenIdle();
}

describe("a scheduled mutation", () => {
  it("runs once, when its time has come, and shows its states", async () => {
    const start = clock.now();
    const id = await later(1_000, "jobs:note", { text: "hi" });
    const pending = {
      _id: id,
      name: "jobs.js:note",
      args: [{ text: "hi" }],
      scheduledTime: start + 1_000,
      state: { kind: "pending" },
    };
    expect(await job(id)).toMatchObject(pending);
    await advance(999);
    expect(await job(id)).toMatchObject(pending);
    expect(await rows()).toEqual([]);
    await advance(1);
    expect(await job(id)).toMatchObject({
      ...pending,
      completedTime: start + 1_000,
      state: { kind: "success" },
    });
    await advance(10_000);
    expect(await rows()).toEqual(["hi"]);
    expect(
      engine.events.filter(({ source }) => source === "scheduler"),
    ).toHaveLength(1);
  });

  it("is in progress to itself, in its own commit", async () => {
    await later(0, "jobs:seesItself");
    await engine.scheduler.whenIdle();
    expect(await rows()).toEqual(["inProgresstrue"]);
    expect(await states()).toEqual(["success"]);
  });

  it("records only its failure when it throws", async () => {
    const id = await later(0, "jobs:fails");
    await engine.scheduler.whenIdle();
    expect(await job(id)).toMatchObject({
      state: {
        kind: "failed",
        error: expect.stringMatching(/^Uncaught Error: job failed\n/) as string,
      },
      completedTime: clock.now(),
    });
    expect(await rows()).toEqual([]);
    expect(await states()).toEqual(["failed"]);
  });

  it("begins in the order of time, and of scheduling for the same time", async () => {
    await later(2_000, "jobs:note", { text: "last" });
    await later(1_000, "jobs:note", { text: "first" });
    valueOf(await engine.mutation("jobs:many", { count: 12 }));
    await advance(2_000);
    expect(await rows()).toEqual([
      ...Array.from({ length: 12 }, (_, i) => String(i)),
      "first",
      "last",
    ]);
  });

  it("runs at once when its time is past", async () => {
    valueOf(await engine.mutation("jobs:at", { time: clock.now() - 60_000 }));
    await engine.scheduler.whenIdle();
    expect(await rows()).toEqual(["at"]);
  });

  it("can schedule the next one, in a chain", async () => {
    await later(0, "jobs:chain", { left: 20 });
    await engine.scheduler.whenIdle();
    expect(await rows()).toHaveLength(21);
  });

  it("is looked for after those that ran, and found where it comes before the one that waits", async () => {
    const looks = vi.spyOn(Meta.prototype, "range");
    const isWhole = ([prefix, { from = prefix } = {}]: Parameters<
      Meta["range"]
    >) => prefix === "scheduler/due/mutation/" && from === prefix;
    await later(60_000, "jobs:note", { text: "last" });
    await later(0, "jobs:chain", { left: 20 });
    await engine.scheduler.whenIdle();
    await later(30_000, "jobs:note", { text: "first" });
    await advance(60_000);
    expect(await rows()).toHaveLength(23);
    expect((await rows()).slice(-2)).toEqual(["first", "last"]);
    const all = looks.mock.calls.filter(
      ([prefix]) => prefix === "scheduler/due/mutation/",
    );
    looks.mockRestore();
    expect(all.length).toBeGreaterThan(20);
    expect(all.filter(isWhole)).toEqual([]);
  });

  it("runs beside others, and again where it met one of them", async () => {
    valueOf(await engine.mutation("jobs:bumps", { count: 40 }));
    await engine.scheduler.whenIdle();
    expect(new Set((await states()) as string[])).toEqual(new Set(["success"]));
    expect(await rows()).toEqual(["40"]);
    expect(engine.runtime.conflicts.read()).toMatchObject([
      { loser: "jobs:bump", winner: "jobs:bump", table: "rows" },
    ]);
  });

  it("is not scheduled by a mutation that fails or is rolled back", async () => {
    expect((await engine.mutation("jobs:fails")).status).toBe("error");
    valueOf(await engine.mutation("jobs:caughtSchedule"));
    await engine.scheduler.whenIdle();
    expect(await states()).toEqual([]);
    expect(await rows()).toEqual([]);
  });

  it("fails when a push has taken its function away", async () => {
    const id = await later(1_000, "jobs:note", { text: "hi" });
    const withoutNote = JOBS.replace(
      "export { states, rows, note }",
      "export { states, rows }",
    );
    await engine.deploy({ modules: { jobs: withoutNote } });
    await advance(1_000);
    expect(await job(id)).toMatchObject({
      state: {
        kind: "failed",
        error: expect.stringContaining("Could not find function") as string,
      },
    });
  });

  it("belongs to the component that scheduled it", async () => {
    valueOf(await engine.mutation("jobs:inChild"));
    await engine.scheduler.whenIdle();
    expect(await rows()).toEqual(["by child"]);
    expect(await states("child")).toEqual(["success"]);
    expect(await states()).toEqual([]);
  });
});

describe("a scheduled action", () => {
  it("is in progress until it ends", async () => {
    const id = await later(0, "jobs:waits");
    await timersOf(1);
    expect(await job(id)).toMatchObject({ state: { kind: "inProgress" } });
    await advance(1_000);
    expect(await job(id)).toMatchObject({ state: { kind: "success" } });
    expect(await rows()).toEqual(["from action", "from its mutation"]);
  });

  it("fails with its error", async () => {
    const id = await later(0, "jobs:actionFails");
    await engine.scheduler.whenIdle();
    expect(await job(id)).toMatchObject({
      state: {
        kind: "failed",
        error: expect.stringMatching(
          /^Uncaught Error: action failed\n/,
        ) as string,
      },
    });
  });

  it("runs beside at most seven others, while mutations go on", async () => {
    for (let i = 0; i < 10; i++) {
      await later(0, "jobs:waits");
    }
    await timersOf(8);
    await later(0, "jobs:note", { text: "mutation" });
    while ((await rows()).length === 0) {
      await new Promise(setImmediate);
    }
    expect(((await states()) as string[]).toSorted()).toEqual([
      ...Array<string>(8).fill("inProgress"),
      "pending",
      "pending",
      "success",
    ]);
    clock.advance(1_000);
    await timersOf(2);
    await advance(1_000);
    expect(new Set((await states()) as string[])).toEqual(new Set(["success"]));
  });
});

describe("cancel", () => {
  it("keeps a pending job from running", async () => {
    const id = await later(1_000, "jobs:note", { text: "no" });
    valueOf(await engine.mutation("jobs:cancel", { id }));
    await advance(1_000);
    expect(await job(id)).toMatchObject({ state: { kind: "canceled" } });
    expect(await rows()).toEqual([]);
    expect(clock.nextTimerMs).toBeGreaterThan(clock.now() + 24 * 3_600_000);
  });

  it("changes nothing once a job is over", async () => {
    const id = await later(0, "jobs:note", { text: "done" });
    await engine.scheduler.whenIdle();
    valueOf(await engine.mutation("jobs:cancel", { id }));
    expect(await job(id)).toMatchObject({ state: { kind: "success" } });
  });

  it("lets a running action go on, whose new jobs are canceled", async () => {
    const id = await later(0, "jobs:waits");
    await timersOf(1);
    valueOf(await engine.mutation("jobs:cancel", { id }));
    await advance(1_000);
    expect(await states()).toEqual(["canceled", "canceled", "canceled"]);
    expect(await rows()).toEqual([]);
  });

  it("of itself does nothing to a mutation but warn", async () => {
    const id = await later(0, "jobs:cancelsItself");
    await engine.scheduler.whenIdle();
    expect(await job(id)).toMatchObject({ state: { kind: "success" } });
    expect(await states()).toEqual(["success", "success", "success"]);
    expect(await rows()).toEqual(["self", "before", "after"]);
    const ran = engine.events.find(({ path }) =>
      path.endsWith("cancelsItself"),
    );
    expect(ran?.logLines).toEqual([
      "[WARN] A scheduled mutation canceling itself is deprecated and will throw an error in a future version of Convex.",
    ]);
  });

  it("fails for an unknown job", async () => {
    const note = await engine.mutation("jobs:cancel", { id: "nonsense" });
    expect(errorOf(note)).toContain(
      "Invalid argument `id` for `db.cancel_job`: Unable to decode ID",
    );
    const row = valueOf(await engine.mutation("jobs:insertRow")) as string;
    expect(
      errorOf(await engine.mutation("jobs:cancel", { id: row })),
    ).toContain(
      "Invalid scheduled function ID. The ID must be an ID on the '_scheduled_functions' table.",
    );
  });
});

it("takes a query, which fails at its time", async () => {
  const id = await later(0, "jobs:rows");
  await engine.scheduler.whenIdle();
  expect(await job(id)).toMatchObject({
    state: {
      kind: "failed",
      error:
        "Unsupported function type. jobs.js:rows is defined as a Query. Only Mutation and Action can be scheduled.",
    },
  });
});

describe("scheduling is refused", () => {
  it.each([
    [
      "of a missing function",
      "jobs:gone",
      "Attempted to schedule function, but no exported function gone found in the file: jobs.js. Did you forget to export it?",
    ],
    [
      "of a missing module",
      "nowhere:gone",
      "Attempted to schedule function at nonexistent path: nowhere.js",
    ],
  ])("%s", async (_, name, text) => {
    const outcome = await engine.mutation("jobs:later", {
      ms: 0,
      name,
      args: {},
    });
    expect(errorOf(outcome)).toContain(text);
  });

  it("more than five years away", async () => {
    const day = 24 * 3_600_000;
    const now = clock.now();
    for (const time of [now - 1_826 * day, now + 1_826 * day]) {
      expect((await engine.mutation("jobs:at", { time })).status).toBe(
        "success",
      );
    }
    const far = 1_831 * day;
    for (const time of [now - far, now + far, 1e18, -1e18]) {
      expect(errorOf(await engine.mutation("jobs:at", { time }))).toContain(
        "is more than 5 years in the ",
      );
    }
  });

  it("more than a thousand times in a transaction", async () => {
    expect((await engine.mutation("jobs:many", { count: 1_000 })).status).toBe(
      "success",
    );
    expect(
      errorOf(await engine.mutation("jobs:many", { count: 1_001 })),
    ).toContain("Too many functions scheduled");
  });

  it("with too many bytes of arguments", async () => {
    expect(errorOf(await engine.mutation("jobs:bigArgs"))).toContain(
      "Too large total size of the arguments",
    );
  });

  it("with db.vars.commitTs, whose value only the commit knows", async () => {
    expect(errorOf(await engine.mutation("jobs:placeholder"))).toContain(
      "unresolved placeholder",
    );
  });
});

it("deletes jobs a week after they ended, however many", async () => {
  valueOf(await engine.mutation("jobs:many", { count: 250 }));
  await later(8 * 24 * 3_600_000, "jobs:note", { text: "later" });
  await engine.scheduler.whenIdle();
  await advance(7 * 24 * 3_600_000 - 1);
  expect(await states()).toHaveLength(251);
  await advance(1);
  expect(await states()).toEqual(["pending"]);
});

/** Waits until that many actions stand at their timers. */
async function timersOf(actions: number): Promise<void> {
  while (clock.timersUntil(clock.now() + 1_000) < actions) {
    await new Promise(setImmediate);
  }
}
