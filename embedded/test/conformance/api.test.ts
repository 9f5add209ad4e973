import { componentsGeneric, type FunctionReference } from "convex/server";
import { ConvexError } from "convex/values";
import { convexTest } from "convex-test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { modules, notesApi, schema } from "./app.js";

// The tests run on convex-test and on the embedded engine, like all that import convex-test.

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
});
afterEach(() => {
  vi.useRealTimers();
});

const setUp = () => convexTest({ schema, modules });

describe("calls of a test", () => {
  test("reach functions of the app, and functions written in the test", async () => {
    const t = setUp();
    await t.mutation(notesApi.add, { text: "a" });
    await t.mutation(async (ctx) => {
      await ctx.db.insert("notes", { text: "b" });
    });
    await t.action(async (ctx) => {
      await ctx.runMutation(notesApi.add, { text: "c" });
    });
    expect(await t.query(notesApi.list, {})).toEqual(["a", "b", "c"]);
    expect(
      await t.query((ctx) => ctx.db.query("notes").collect()),
    ).toHaveLength(3);
    expect(await t.run((ctx) => ctx.runQuery(notesApi.list, {}))).toHaveLength(
      3,
    );
  });

  test("throw the error that the function threw", async () => {
    const t = setUp();
    await expect(
      t.mutation(() => Promise.reject(new RangeError("far"))),
    ).rejects.toThrow(new RangeError("far"));
    const error: unknown = await t
      .mutation(() => Promise.reject(new ConvexError({ kind: "no" })))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConvexError);
    expect(error).toMatchObject({ data: { kind: "no" } });
  });

  test("see only their own deployment's data", async () => {
    const [one, other] = [setUp(), setUp()];
    await Promise.all([
      one.mutation(notesApi.add, { text: "mine" }),
      other.mutation(notesApi.add, { text: "yours" }),
    ]);
    expect(await one.query(notesApi.list, {})).toEqual(["mine"]);
    expect(await other.query(notesApi.list, {})).toEqual(["yours"]);
  });

  test("find documents by a word, its beginning or a filter", async () => {
    const t = setUp();
    for (const text of ["red", "Blue redder", "green"]) {
      await t.mutation(notesApi.add, { text });
    }
    const find = (words: string, whole?: string) =>
      t.run(async (ctx) => {
        const found = await ctx.db
          .query("notes")
          .withSearchIndex("search", (q) => {
            const search = q.search("text", words);
            return whole === undefined ? search : search.eq("text", whole);
          })
          .collect();
        return found.map(({ text }) => text).sort();
      });
    expect(await find("red")).toEqual(["Blue redder", "red"]);
    expect(await find("blue gre")).toEqual(["Blue redder", "green"]);
    expect(await find("red", "red")).toEqual(["red"]);
    expect(await find("yellow")).toEqual([]);
  });

  test("find documents by how similar their vectors are, in actions", async () => {
    const t = setUp();
    const ids = await t.run((ctx) =>
      Promise.all(
        [1, 2, 3, 4].map((n) =>
          ctx.db.insert("points", {
            vector: [n, 10],
            kind: n === 2 ? "even" : "odd",
          }),
        ),
      ),
    );
    const find = (limit: number, kinds: string[] = []) =>
      t.action(async (ctx) => {
        const vector = [0, 3];
        const found = await ctx.vectorSearch("points", "near", {
          vector,
          limit,
          ...(kinds.length === 0
            ? {}
            : {
                filter: (q) => q.or(...kinds.map((kind) => q.eq("kind", kind))),
              }),
        });
        expect(found[0]?._score).toBeGreaterThan(0.9);
        return found.map(({ _id }) => ids.indexOf(_id));
      });
    expect(await find(10)).toEqual([0, 1, 2, 3]);
    expect(await find(2)).toEqual([0, 1]);
    expect(await find(2, ["odd"])).toEqual([0, 2]);
    expect(await find(10, ["even", "odd"])).toEqual([0, 1, 2, 3]);
  });

  test("fail when the schema or the argument validators do not match", async () => {
    const t = setUp();
    await expect(
      t.mutation(notesApi.add, { text: 1 } as unknown as { text: string }),
    ).rejects.toThrow(/validator/i);
    await expect(
      t.run((ctx) => ctx.db.insert("notes", { text: 1 as unknown as string })),
    ).rejects.toThrow(/validator/i);
    expect(await t.query(notesApi.list, {})).toEqual([]);
  });
});

test("a nested mutation that throws rolls back its writes and its scheduled functions", async () => {
  const t = setUp();
  const message = await t.mutation(async (ctx) => {
    await ctx.db.insert("notes", { text: "kept" });
    return await ctx
      .runMutation(notesApi.addThenFail, { text: "lost" })
      .catch((error: Error) => error.message);
  });
  expect(message).toContain("no lost");
  await t.finishAllScheduledFunctions(vi.runAllTimers);
  expect(await t.query(notesApi.list, {})).toEqual(["kept"]);
});

test("db.vars.commitTs is the same time in the document and for the caller", async () => {
  const t = setUp();
  const stamp = () =>
    t.mutation(async (ctx) => {
      const id = await ctx.db.insert("stamps", { at: ctx.db.vars.commitTs });
      return { id, at: ctx.db.vars.commitTs };
    });
  const [first, second] = [await stamp(), await stamp()];
  expect(second.at).toBeGreaterThan(first.at as unknown as bigint);
  const row = await t.run((ctx) => ctx.db.get("stamps", second.id));
  expect(row?.at).toBe(second.at);
});

test("a transaction has limits and reports its usage", async () => {
  const t = convexTest({
    schema,
    modules,
    transactionLimits: { documentsWritten: 2 },
  });
  const write = (count: number) =>
    t.run(async (ctx) => {
      for (let i = 0; i < count; i += 1) {
        await ctx.db.insert("notes", { text: `${i}` });
      }
      return (await ctx.meta.getTransactionMetrics()).documentsWritten;
    });
  expect(await write(2)).toEqual({ used: 2, remaining: 0 });
  await expect(write(3)).rejects.toThrow();
  expect(await t.query(notesApi.list, {})).toHaveLength(2);
});

describe("the caller", () => {
  test("is known to the app and unknown to components", async () => {
    const t = setUp();
    t.registerComponent("child", schema, modules);
    const { child } = componentsGeneric() as unknown as {
      child: {
        notes: {
          whoAmI: FunctionReference<
            "query",
            "internal",
            Record<string, never>,
            string | null
          >;
        };
      };
    };
    const ann = t.withIdentity({ name: "Ann" });
    expect(await ann.query(notesApi.whoAmI, {})).toBe("Ann");
    expect(await t.query(notesApi.whoAmI, {})).toBeNull();
    expect(
      await ann.query((ctx) => ctx.runQuery(child.notes.whoAmI, {})),
    ).toBeNull();
  });

  test("has request metadata", async () => {
    const t = setUp().withRequestMetadata({ ip: "192.0.2.7" });
    const metadata = await t.mutation((ctx) => ctx.meta.getRequestMetadata());
    expect(metadata).toMatchObject({ ip: "192.0.2.7", userAgent: null });
  });
});

test("an HTTP action answers at its path only", async () => {
  const t = setUp();
  const response = await t.fetch("/notes", { method: "POST", body: "by mail" });
  expect(response.status).toBe(201);
  expect(await response.text()).toBe("noted");
  expect(await t.query(notesApi.list, {})).toEqual(["by mail"]);
  expect((await t.fetch("/elsewhere")).status).toBe(404);
});

describe("a scheduled function", () => {
  test("waits for its timer, even without a delay", async () => {
    const t = setUp();
    await t.mutation(notesApi.chain, { left: 1, delayMs: 0 });
    await t.finishInProgressScheduledFunctions();
    expect(await t.query(notesApi.list, {})).toEqual(["1"]);
    vi.advanceTimersByTime(0);
    await t.finishInProgressScheduledFunctions();
    expect(await t.query(notesApi.list, {})).toEqual(["0", "1"]);
  });

  test("runs at its time, and so do the functions it schedules", async () => {
    const t = setUp();
    await t.mutation(notesApi.chain, { left: 2, delayMs: 1_000 });
    vi.advanceTimersByTime(999);
    await t.finishInProgressScheduledFunctions();
    expect(await t.query(notesApi.list, {})).toEqual(["2"]);
    vi.advanceTimersByTime(1);
    await t.finishInProgressScheduledFunctions();
    expect(await t.query(notesApi.list, {})).toEqual(["1", "2"]);
    await t.finishAllScheduledFunctions(vi.runAllTimers);
    expect(await t.query(notesApi.list, {})).toEqual(["0", "1", "2"]);
  });

  test("that schedules itself for ever makes finishing fail after a number of rounds", async () => {
    const t = setUp();
    await t.mutation(notesApi.chain, { left: 1e9, delayMs: 1_000 });
    await expect(
      t.finishAllScheduledFunctions(() => vi.advanceTimersByTime(1_000), 5),
    ).rejects.toThrow();
  });

  test("has a row with its state, and can be canceled", async () => {
    const t = setUp();
    await t.run(async (ctx) => {
      await ctx.scheduler.runAfter(1, notesApi.add, { text: "done" });
      await ctx.scheduler.runAfter(2, notesApi.addThenFail, { text: "x" });
      const id = await ctx.scheduler.runAfter(3, notesApi.add, { text: "no" });
      await ctx.scheduler.cancel(id);
    });
    await t.finishAllScheduledFunctions(vi.runAllTimers);
    const rows = await t.run((ctx) =>
      ctx.db.system.query("_scheduled_functions").collect(),
    );
    expect(rows.map(({ state }) => state.kind)).toEqual([
      "success",
      "failed",
      "canceled",
    ]);
    expect(await t.query(notesApi.list, {})).toEqual(["done"]);
  });
});
