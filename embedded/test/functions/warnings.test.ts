import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine } from "../support/engine.js";

const APP = `
  import { actionGeneric, mutationGeneric, queryGeneric, makeFunctionReference, httpActionGeneric } from "convex/server";
  const other = makeFunctionReference("app:one");
  export const one = queryGeneric({ handler: async () => 1 });
  export const fill = mutationGeneric({ handler: async (ctx, { count, size }) => {
    for (let i = 0; i < count; i += 1) await ctx.db.insert("rows", { text: "x".repeat(size) });
  } });
  export const read = queryGeneric({ handler: async (ctx, { count }) => {
    let n = 0;
    for await (const row of ctx.db.query("rows")) if ((n += row.text.length) >= count) break;
    return null;
  } });
  export const reads = queryGeneric({ handler: async (ctx, { count, from }) => {
    const ids = await ctx.db.query("many").take(1);
    for (let i = 0; i < count; i += 1)
      await ctx.db.query("rows").withIndex("by_creation_time", (q) => q.eq("_creationTime", from + 2 * i)).first();
    return null;
  } });
  export const nest = mutationGeneric({ handler: async (ctx, { levels }) => {
    let value = 1;
    for (let i = 0; i < levels - 1; i += 1) value = [value];
    return ctx.db.insert("nested", { value });
  } });
  export const large = mutationGeneric({ handler: async (ctx, { size, then }) => {
    const id = await ctx.db.insert("large", { text: "x".repeat(size) });
    if (then === "shrink") await ctx.db.patch(id, { text: "" });
    return id;
  } });
  export const schedule = mutationGeneric({ handler: async (ctx, { count, size }) => {
    for (let i = 0; i < count; i += 1)
      await ctx.scheduler.runAfter(1e9, makeFunctionReference("app:fill"), { text: "x".repeat(size) });
  } });
  export const echo = queryGeneric({ handler: async (_, { text }) => text ?? null });
  export const echoAction = actionGeneric({ handler: async (_, { text }) => text ?? null });
  export const caller = mutationGeneric({ handler: async (ctx) => {
    await ctx.runMutation(makeFunctionReference("app:nest"), { levels: 14 });
    return null;
  } });
  export const dangling = actionGeneric({ handler: async (ctx, { count }) => {
    for (let i = 0; i < count; i += 1) void ctx.runQuery(other, {}).catch(() => {});
    void ctx.scheduler.runAfter(1e9, makeFunctionReference("app:fill"), {}).catch(() => {});
    void fetch("http://127.0.0.1:65530/").catch(() => {});
    void ctx.storage.store(new Blob(["x"])).catch(() => {});
    return null;
  } });
  export const awaited = actionGeneric({ handler: async (ctx) => {
    await Promise.all([ctx.runQuery(other, {}), ctx.runQuery(other, {})]);
    await Promise.race([ctx.runQuery(other, {})]);
    return null;
  } });
  export const loud = mutationGeneric({ handler: async (ctx) => {
    for (let i = 0; i < 300; i += 1) console.log(i);
    await ctx.runMutation(makeFunctionReference("app:nest"), { levels: 14 });
    return null;
  } });
`;

let engine: Engine;

beforeAll(async () => {
  engine = await Engine.open(
    { modules: { app: APP } },
    { startScheduler: false, runtime: { maxUserTimeMs: 60_000 } },
  );
});

afterAll(() => engine.remove());

type Args = Record<string, string | number>;

const MiB = 1024 * 1024;
const READ_LESS =
  "Consider using smaller limits in your queries, paginating your queries, or using indexed queries with a selective index range expressions.";

const warningsOf = async (
  kind: "query" | "mutation" | "action",
  name: string,
  args: Args = {},
) => {
  const { logLines } = await engine[kind](`app:${name}`, args);
  return logLines.filter((line) => line.startsWith("[WARN]"));
};

describe("a function that comes near to a limit is warned of it", () => {
  test("for what a mutation writes and a query reads", async () => {
    expect(
      await warningsOf("mutation", "fill", { count: 12_800, size: 1 }),
    ).toEqual([]);
    expect(
      await warningsOf("mutation", "fill", { count: 12_801, size: 1 }),
    ).toEqual([
      "[WARN] Many writes in a single function execution (actual: 12801, limit: 16000).",
    ]);
    expect(await warningsOf("query", "read", { count: 25_600 })).toEqual([]);
    expect(await warningsOf("query", "read", { count: 25_601 })).toEqual([
      `[WARN] Many documents read in a single function execution (actual: 25601, limit: 32000). ${READ_LESS}`,
    ]);
    expect(
      await warningsOf("query", "reads", { count: 3_300, from: 1 }),
    ).toEqual([
      expect.stringMatching(
        /^\[WARN\] Many reads in a single function execution \(actual: 330\d, limit: 4096\)\. Consider/,
      ),
    ]);
  });

  test("for bytes, of all documents and of one", async () => {
    const [many, one] = await warningsOf("mutation", "fill", {
      count: 15,
      size: 900 * 1024,
    });
    expect(many).toMatch(
      /^\[WARN\] Many bytes written in a single function execution \(actual: 138\d+ bytes, limit: 16777216 bytes\)\.$/,
    );
    expect(one).toMatch(
      /^\[WARN\] Large document written with ID "\w{32}" \(actual: 9\d+ bytes, limit: 1048576 bytes\)\.$/,
    );
    expect(
      await warningsOf("mutation", "large", { size: 0.9 * MiB }),
    ).toHaveLength(1);
    expect(
      await warningsOf("mutation", "large", {
        size: 0.9 * MiB,
        then: "shrink",
      }),
    ).toEqual([]);
  });

  test("for levels of a document", async () => {
    expect(await warningsOf("mutation", "nest", { levels: 12 })).toEqual([]);
    expect(await warningsOf("mutation", "nest", { levels: 13 })).toEqual([
      expect.stringMatching(
        /^\[WARN\] Deeply nested document written with ID "\w{32}" \(actual: 13 levels, limit: 16 levels\)\.$/,
      ),
    ]);
  });

  test("for what a mutation schedules", async () => {
    expect(
      await warningsOf("mutation", "schedule", { count: 801, size: 1 }),
    ).toEqual([
      "[WARN] Many functions scheduled by this mutation (actual: 801, limit: 1000).",
    ]);
    expect(
      await warningsOf("mutation", "schedule", { count: 1, size: 4 * MiB }),
    ).toEqual([
      expect.stringMatching(
        /^\[WARN\] Large arguments for a single scheduled function from this mutation\. This will become a hard error in the future \(actual: 41943\d\d bytes, limit: 4194304 bytes\)\.$/,
      ),
    ]);
  });

  test("for arguments and results, of actions in words of their own", async () => {
    const text = "x".repeat(14 * MiB);
    expect(await warningsOf("query", "echo", { text })).toEqual([
      expect.stringMatching(
        /^\[WARN\] Large size of the function arguments \(actual: 146800\d\d bytes, limit: 16777216 bytes\)\.$/,
      ),
      "[WARN] Large size of the function return value (actual: 14680066 bytes, limit: 16777216 bytes).",
    ]);
    expect(await warningsOf("action", "echoAction", { text })).toEqual([
      expect.stringContaining("Large size of the action arguments"),
      expect.stringContaining("Large size of the action return value"),
    ]);
  });

  test("in each of the functions that call each other, whatever else was logged", async () => {
    expect(await warningsOf("mutation", "caller")).toHaveLength(2);
    const { logLines } = await engine.mutation("app:loud");
    expect(logLines.at(-2)).toContain("Log overflow");
    expect(logLines.at(-1)).toContain("Deeply nested document");
  });
});

describe("an action that leaves operations behind is warned of them", () => {
  test("by their number and names", async () => {
    const advice =
      "Async operations should be awaited or they might not run. See https://docs.convex.dev/functions/actions#dangling-promises for more information.";
    expect(await warningsOf("action", "dangling", { count: 2 })).toEqual([
      `[WARN] 5 unawaited operations: [fetch, query, schedule, storage.store]. ${advice}`,
    ]);
    expect(await warningsOf("action", "awaited")).toEqual([]);
  });
});
