import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { UdfOutcome } from "../../src/functions/types.js";
import {
  Engine,
  errorOf,
  valueOf,
  type ComponentSource,
} from "../support/engine.js";

const SERVER = `
  import { queryGeneric as query, mutationGeneric as mutation, internalMutationGeneric as internalMutation, componentsGeneric, createFunctionHandle, makeFunctionReference } from "convex/server";
  import { v, ConvexError } from "convex/values";
  const fn = (name) => makeFunctionReference(name);
  const components = componentsGeneric();
`;

const STORE = `${SERVER}
  export const put = mutation({ args: { text: v.string() }, handler: async (ctx, { text }) => { console.log("put", text); await ctx.db.insert("rows", { text }); } });
  export const putAndFail = mutation({ args: { text: v.string() }, handler: async (ctx, { text }) => {
    console.log("failing", text);
    await ctx.db.insert("rows", { text });
    await ctx.scheduler.runAfter(0, fn("store:put"), { text });
    throw new ConvexError({ text });
  } });
  export const all = query({ args: {}, handler: async (ctx) => (await ctx.db.query("rows").collect()).map((row) => row.text) });
  export const jobs = query({ args: {}, handler: async (ctx) => (await ctx.db.system.query("_scheduled_functions").collect()).length });
  export const hidden = internalMutation({ args: {}, handler: async () => "hidden" });
  export const env = query({ args: {}, handler: async () => ({ ...process.env }) });
  export const where = query({ args: {}, handler: async (ctx) => await ctx.meta.getFunctionMetadata() });
  export const page = query({ args: { cursor: v.optional(v.string()) }, handler: async (ctx, { cursor = null }) => await ctx.db.query("rows").paginate({ numItems: 1, cursor }) });
  export const handle = query({ args: { name: v.string() }, handler: async (ctx, { name }) => await createFunctionHandle(name) });
  export const deeper = mutation({ args: { text: v.string() }, handler: async (ctx, args) => { await ctx.runMutation(components.inner.store.put, args); return await ctx.runQuery(components.inner.store.where, {}); } });
`;

const APP = `${SERVER}
  ${STORE.slice(SERVER.length)}
  const child = components.child.store;
  export const caught = mutation({ args: {}, handler: async (ctx) => {
    console.log("before");
    await ctx.runMutation(child.put, { text: "kept" });
    let data;
    try { await ctx.runMutation(child.putAndFail, { text: "lost" }); } catch (error) { data = [error instanceof ConvexError, error.data, error.message.split("\\n")[0]]; }
    console.log("after");
    await ctx.db.insert("rows", { text: "parent" });
    return data;
  } });
  export const uncaught = mutation({ args: {}, handler: async (ctx) => { await ctx.db.insert("rows", { text: "lost too" }); await ctx.runMutation(child.putAndFail, { text: "lost" }); } });
  export const sideBySide = mutation({ args: {}, handler: async (ctx) => {
    const order = [];
    await Promise.all(["a", "b", "c"].map(async (text) => { await ctx.runMutation(fn("app:slow"), { text }); order.push(text); }));
    return { order, all: await ctx.runQuery(fn("app:all"), {}) };
  } });
  export const slow = mutation({ args: { text: v.string() }, handler: async (ctx, { text }) => {
    await ctx.db.insert("rows", { text: text + "1" });
    for (let i = 0; i < 20; i++) await null;
    await ctx.db.insert("rows", { text: text + "2" });
  } });
  export const snapshot = mutation({ args: {}, handler: async (ctx) => {
    await ctx.db.insert("rows", { text: "mine" });
    const fresh = await ctx.runQuery(fn("app:all"), {});
    const stale = await ctx.runQuery(fn("app:all"), {}, { useStaleSnapshot: true });
    return { fresh: fresh.includes("mine"), stale: stale.includes("mine") };
  } });
  export const depth = mutation({ args: { left: v.number() }, handler: async (ctx, { left }) => left === 0 ? 0 : 1 + await ctx.runMutation(fn("app:depth"), { left: left - 1 }) });
  export const limited = mutation({ args: { count: v.number() }, handler: async (ctx, { count }) => {
    try { await ctx.runMutation(fn("app:many"), { count }, { transactionLimits: { documentsWritten: 3 } }); return "ok"; } catch (error) { return error.message.split("\\n")[0]; }
  } });
  export const many = mutation({ args: { count: v.number() }, handler: async (ctx, { count }) => { for (let i = 0; i < count; i++) await ctx.db.insert("many", { i }); } });
  export const manyCount = query({ args: {}, handler: async (ctx) => (await ctx.db.query("many").collect()).length });
  export const queryWrites = query({ args: {}, handler: async (ctx) => JSON.parse(await Convex.asyncSyscall("1.0/runUdf", JSON.stringify({ udfType: "mutation", name: "app:put", args: { text: "x" } }))) });
  export const asQuery = query({ args: {}, handler: async (ctx) => await ctx.runQuery(fn("app:put"), { text: "x" }) });
  export const call = mutation({ args: { handle: v.string(), args: v.any() }, handler: async (ctx, { handle, args }) => await ctx.runMutation(handle, args) });
  export const childHandle = query({ args: {}, handler: async () => await createFunctionHandle(child.put) });
  export const childHidden = mutation({ args: {}, handler: async (ctx) => await ctx.runMutation(child.hidden, {}) });
  export const grandchild = mutation({ args: {}, handler: async (ctx) => await ctx.runMutation(components.child.inner.store.put, { text: "x" }) });
  export const noChild = mutation({ args: { name: v.string() }, handler: async (ctx, { name }) => await ctx.runMutation(components[name].store.put, { text: "x" }) });
  export const childDeeper = mutation({ args: {}, handler: async (ctx) => await ctx.runMutation(child.deeper, { text: "deep" }) });
  export const childEnv = query({ args: {}, handler: async (ctx) => ({ own: { ...process.env }, child: await ctx.runQuery(child.env, {}) }) });
  export const childPage = query({ args: { cursor: v.optional(v.string()) }, handler: (ctx, args) => ctx.runQuery(child.page, args) });
  export const childPuts = mutation({ args: {}, handler: async (ctx) => { for (const text of ["own", "next"]) await ctx.runMutation(child.put, { text }); } });
  export const twoPages = query({ args: {}, handler: async (ctx) => { await ctx.db.query("rows").paginate({ numItems: 1, cursor: null }); await ctx.db.query("rows").paginate({ numItems: 1, cursor: null }); } });
  export const twoPagesWritten = mutation({ args: {}, handler: async (ctx) => { await ctx.db.query("rows").paginate({ numItems: 1, cursor: null }); await ctx.db.query("rows").paginate({ numItems: 1, cursor: null }); } });
`;

const inner: ComponentSource = { modules: { store: STORE } };
const child: ComponentSource = {
  modules: { store: STORE },
  env: { CHILD_KEY: "child" },
  children: { inner },
};
const app: ComponentSource = {
  modules: { app: APP },
  env: { APP_KEY: "app" },
  children: { child, twin: child },
};

interface Page {
  page: object[];
  isDone: boolean;
  continueCursor: string;
}

function pageOf(outcome: UdfOutcome): Page {
  return valueOf(outcome) as unknown as Page;
}

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open(app, { startScheduler: false });
});
afterAll(() => engine.remove());

const childRows = async (componentPath = "child") =>
  valueOf(await engine.query("store:all", {}, { componentPath }));

describe("a nested mutation that throws", () => {
  it("rolls back its writes and scheduled functions; its caller goes on with the error's data", async () => {
    const outcome = await engine.mutation("app:caught");
    expect(valueOf(outcome)).toEqual([
      true,
      { text: "lost" },
      'Uncaught ConvexError: {"text":"lost"}',
    ]);
    expect(await childRows()).toEqual(["kept"]);
    expect(
      valueOf(await engine.query("store:jobs", {}, { componentPath: "child" })),
    ).toBe(0);
    expect(valueOf(await engine.query("app:all"))).toEqual(["parent"]);
    expect(outcome.logLines).toEqual([
      "[LOG] 'before'",
      "[LOG] 'put' 'kept'",
      "[LOG] 'failing' 'lost'",
      "[LOG] 'after'",
    ]);
  });

  it("fails its caller with its data when the caller does not catch it", async () => {
    const outcome = await engine.mutation("app:uncaught");
    expect(outcome).toMatchObject({
      status: "error",
      errorData: { text: "lost" },
    });
    expect(errorOf(outcome)).toMatch(
      /^Uncaught ConvexError: Uncaught ConvexError: \{"text":"lost"\}\n {4}at /,
    );
    expect(valueOf(await engine.query("app:all"))).toEqual(["parent"]);
  });
});

describe("nested calls", () => {
  it("run one at a time, in order, even side by side", async () => {
    const { order, all } = valueOf(await engine.mutation("app:sideBySide")) as {
      order: string[];
      all: string[];
    };
    expect(order).toEqual(["a", "b", "c"]);
    expect(all.slice(-6)).toEqual(["a1", "a2", "b1", "b2", "c1", "c2"]);
  });

  it("see the caller's writes, except on a stale snapshot", async () => {
    expect(valueOf(await engine.mutation("app:snapshot"))).toEqual({
      fresh: true,
      stale: false,
    });
  });

  it("go eight deep and no deeper", async () => {
    expect(valueOf(await engine.mutation("app:depth", { left: 8 }))).toBe(8);
    expect(errorOf(await engine.mutation("app:depth", { left: 9 }))).toContain(
      "Cross component call depth limit exceeded. Do you have an infinite loop in your app?",
    );
  });

  it("keep to their own transaction limits, and roll back over them", async () => {
    expect(valueOf(await engine.mutation("app:limited", { count: 3 }))).toBe(
      "ok",
    );
    expect(
      valueOf(await engine.mutation("app:limited", { count: 4 })),
    ).toContain("Too many writes");
    expect(valueOf(await engine.query("app:manyCount"))).toBe(3);
  });

  it("of a query are queries", async () => {
    expect(errorOf(await engine.query("app:queryWrites"))).toContain(
      "Cannot call a Mutation function from a Query function",
    );
    expect(errorOf(await engine.query("app:asQuery"))).toContain(
      "Trying to execute app.js:put as Query, but it is defined as Mutation.",
    );
  });
});

describe("components", () => {
  it("are reached level by level, each with its own tables", async () => {
    expect(valueOf(await engine.mutation("app:childDeeper"))).toEqual({
      name: "store:where",
      componentPath: "child/inner",
      type: "query",
      visibility: "public",
    });
    expect(await childRows("child/inner")).toEqual(["deep"]);
    expect(await childRows("twin/inner")).toEqual([]);
  });

  it("offer their parent only public functions", async () => {
    expect(errorOf(await engine.mutation("app:childHidden"))).toContain(
      "Could not find public function for 'store:hidden' in 'child'.",
    );
    expect(
      valueOf(
        await engine.mutation("store:hidden", {}, { componentPath: "child" }),
      ),
    ).toBe("hidden");
  });

  it("do not offer their children to their parent", async () => {
    expect(errorOf(await engine.mutation("app:grandchild"))).toContain(
      "Could not find public function",
    );
  });

  it.each(["missing", "toString", "constructor"])(
    "that are not there are named: %s",
    async (name) => {
      expect(errorOf(await engine.mutation("app:noChild", { name }))).toContain(
        `has no child component "${name}"`,
      );
    },
  );

  it("cannot be called by the public", async () => {
    const outcome = await engine.query(
      "store:all",
      {},
      { componentPath: "child", access: "public" },
    );
    expect(errorOf(outcome)).toBe(
      "Could not find public function for 'store:all' in 'child'.",
    );
  });

  it("have environment variables of their own", async () => {
    expect(valueOf(await engine.query("app:childEnv"))).toEqual({
      own: { APP_KEY: "app" },
      child: { CHILD_KEY: "child" },
    });
  });

  it("paginate their own tables, once in a function, as the app does", async () => {
    valueOf(await engine.mutation("app:childPuts"));
    const all: object[] = [];
    let cursor: string | undefined;
    for (let isDone = false; !isDone;) {
      const args = cursor === undefined ? {} : { cursor };
      const page = pageOf(await engine.query("app:childPage", args));
      all.push(...page.page);
      ({ isDone, continueCursor: cursor } = page);
    }
    expect(all.slice(-2)).toMatchObject([{ text: "own" }, { text: "next" }]);
    for (const twice of [
      await engine.query("app:twoPages"),
      await engine.mutation("app:twoPagesWritten"),
    ]) {
      expect(errorOf(twice)).toContain("ran multiple paginated queries");
    }
    expect(valueOf(await engine.query("app:page"))).toMatchObject({
      page: [{ text: "parent" }],
      isDone: false,
    });
  });
});

describe("function handles", () => {
  it("call from anywhere, internal functions too", async () => {
    const handle = valueOf(
      await engine.query(
        "store:handle",
        { name: "store:hidden" },
        { componentPath: "child" },
      ),
    ) as string;
    expect(handle).toBe("function://child;store:hidden");
    expect(
      valueOf(await engine.mutation("app:call", { handle, args: {} })),
    ).toBe("hidden");
  });

  it("made from a handle or a reference are the same handle", async () => {
    expect(valueOf(await engine.query("app:childHandle"))).toBe(
      "function://child;store:put",
    );
    const handle = "function://child;store:put";
    expect(valueOf(await engine.query("app:handle", { name: handle }))).toBe(
      handle,
    );
  });

  it.each(["function://child;store:gone", "function://gone;store:put"])(
    "can point nowhere: %s",
    async (handle) => {
      expect(
        errorOf(await engine.mutation("app:call", { handle, args: {} })),
      ).toContain("Could not find public function for");
    },
  );
});
