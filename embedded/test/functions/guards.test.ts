import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { containStrayErrors } from "../../src/functions/strayErrors.js";
import {
  Engine,
  errorOf,
  valueOf,
  type ComponentSource,
} from "../support/engine.js";

const IMPORTS = `
  import { queryGeneric as query, mutationGeneric as mutation, makeFunctionReference } from "convex/server";
  import { v } from "convex/values";
  const fn = (name) => makeFunctionReference(name);
`;

const GUARDS = `${IMPORTS}
  export const insert = mutation({ args: { n: v.number() }, handler: async (ctx, { n }) => await ctx.db.insert("rows", { n }) });
  export const count = query({ args: {}, handler: async (ctx) => (await ctx.db.query("rows").collect()).length });
  export const raw = mutation({ args: { op: v.string(), json: v.any() }, handler: async (ctx, { op, json }) => await Convex.asyncSyscall(op, json) });
  export const rawSync = mutation({ args: { op: v.string() }, handler: async (ctx, { op }) => Convex.syscall(op, "{}") });
  export const rawJs = mutation({ args: { op: v.string() }, handler: async (ctx, { op }) => Convex.jsSyscall(op, {}) });
  export const rawQuery = query({ args: { op: v.string() }, handler: async (ctx, { op }) => await Convex.asyncSyscall(op, "{}") });
  export const leavesWrites = mutation({ args: {}, handler: async (ctx) => {
    void ctx.runMutation(fn("guards:insert"), { n: 1 }).then(() => ctx.db.insert("rows", { n: 2 }));
    void (async () => { for (let i = 0; i < 50; i++) await null; await ctx.db.insert("rows", { n: 3 }); })();
  } });
  export const floats = mutation({ args: {}, handler: async (ctx) => { void (async () => { throw new Error("floating"); })(); return "done"; } });
  export const microtask = mutation({ args: {}, handler: async () => { queueMicrotask(() => { throw new Error("in a microtask"); }); return "done"; } });
  export const swallowed = mutation({ args: { ms: v.number() }, handler: async (ctx, { ms }) => {
    await ctx.db.insert("rows", { n: 4 });
    spin(ms);
    try { await ctx.db.insert("rows", { n: 5 }); } catch { return "caught"; }
  } });
  function spin(ms) { for (let i = 0; i < ms; i++) { let x = 0; for (let j = 0; j < 300_000; j++) x += j % 7; if (x < 0) return; } }
  export const metrics = mutation({ args: {}, handler: async (ctx) => {
    const id = await ctx.db.insert("metered", { text: "x" });
    await ctx.db.get(id);
    return await ctx.meta.getTransactionMetrics();
  } });
  export const metadata = mutation({ args: {}, handler: async (ctx) => ({ fn: await ctx.meta.getFunctionMetadata(), deployment: await ctx.meta.getDeploymentMetadata(), request: await ctx.meta.getRequestMetadata(), snapshot: typeof ctx.meta.getSnapshotTs(), user: await ctx.auth.getUserIdentity() }) });
  export const stuck = mutation({ args: {}, handler: async (ctx) => { await ctx.db.insert("rows", { n: 9 }); await new Promise(() => {}); } });
  export const big = query({ args: {}, handler: async () => "x".repeat(17 << 20) });
`;

const app: ComponentSource = { modules: { guards: GUARDS } };
let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open(app);
});
afterAll(() => engine.remove());

const count = async () => valueOf(await engine.query("guards:count")) as number;

describe("a syscall", () => {
  it.each([
    "1.0/createServiceToken",
    "1.0/vectorSearch",
    "1.0/signJwt",
    "constructor",
    "1.0/actions/query",
  ])("that is not supported fails by name: %s", async (op) => {
    expect(
      errorOf(await engine.mutation("guards:raw", { op, json: "{}" })),
    ).toContain(`Uncaught Error: Unknown async operation ${op}\n`);
  });

  it("of a mutation is unknown to a query", async () => {
    for (const op of ["1.0/insert", "1.0/schedule", "1.0/getRequestMetadata"]) {
      expect(errorOf(await engine.query("guards:rawQuery", { op }))).toContain(
        `Unknown async operation ${op}`,
      );
    }
  });

  it("that is synchronous fails by name, too", async () => {
    for (const path of ["guards:rawSync", "guards:rawJs"]) {
      expect(
        errorOf(await engine.mutation(path, { op: "storage/storeBlob" })),
      ).toContain("Unknown operation storage/storeBlob");
    }
  });

  it.each([
    ["1.0/get", "{", "JSON text of an object"],
    ["1.0/get", "[]", "JSON text of an object"],
    ["1.0/get", null, "JSON text of an object"],
    ["1.0/get", '{"id":5}', "Invalid argument `id`: expected a string, got 5"],
    [
      "1.0/insert",
      '{"table":"rows","value":3}',
      "Invalid argument `value`: expected an object, got 3",
    ],
    ["1.0/queryStreamNext", '{"queryId":99}', "This query is closed"],
    [
      "1.0/runUdf",
      '{"udfType":"action","name":"guards:count","args":{}}',
      "Invalid function type",
    ],
    [
      "1.0/runUdf",
      '{"udfType":"query","args":{}}',
      "exactly one of `name`, `reference` and `functionHandle`",
    ],
    ["1.0/queryPage", '{"query":{},"pageSize":1}', "Invalid query"],
  ])(
    "with wrong arguments fails the function and nothing else: %s %j",
    async (op, json, text) => {
      expect(
        errorOf(await engine.mutation("guards:raw", { op, json })),
      ).toContain(text);
      await count();
    },
  );
});

describe("code that a function leaves running", () => {
  it("writes nothing after the function returned", async () => {
    const before = await count();
    valueOf(await engine.mutation("guards:leavesWrites"));
    valueOf(await engine.mutation("guards:insert", { n: 0 }));
    expect(await count()).toBe(before + 1);
  });

  it("is logged with its function when it rejects, and does not end the process", async () => {
    const reports: string[] = [];
    const others = process.rawListeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    const stop = containStrayErrors(engine.runtime, (report) =>
      reports.push(report),
    );
    const other = await Engine.open(app);
    const stopOther = containStrayErrors(other.runtime, (report) =>
      reports.push(`other: ${report}`),
    );
    try {
      expect(process.listenerCount("unhandledRejection")).toBe(1);
      expect(valueOf(await other.mutation("guards:floats"))).toBe("done");
      await new Promise(setImmediate);
      expect(valueOf(await engine.mutation("guards:floats"))).toBe("done");
      expect(valueOf(await engine.mutation("guards:microtask"))).toBe("done");
      await new Promise(setImmediate);
    } finally {
      stop();
      stopOther();
      await other.remove();
      for (const listener of others) {
        process.on(
          "unhandledRejection",
          listener as NodeJS.UnhandledRejectionListener,
        );
      }
    }
    expect(reports).toEqual([
      "other: Unhandled promise rejection in guards.js:floats: Error: floating",
      "Unhandled promise rejection in guards.js:floats: Error: floating",
      "Unhandled promise rejection in guards.js:microtask: Error: in a microtask",
    ]);
  });
});

describe("the limits", () => {
  it("end a function that computes too long, even if it catches errors", async () => {
    const strict = await Engine.open(app, { runtime: { maxUserTimeMs: 100 } });
    try {
      const outcome = await strict.mutation("guards:swallowed", { ms: 500 });
      expect(errorOf(outcome)).toBe(
        "Function execution timed out (maximum duration: 0.1s)",
      );
      expect(valueOf(await strict.query("guards:count"))).toBe(0);
    } finally {
      await strict.remove();
    }
  });

  it("end a function that waits for ever, so that the next one can write", async () => {
    const strict = await Engine.open(app, { runtime: { maxWaitMs: 50 } });
    try {
      const stuck = strict.mutation("guards:stuck");
      const next = strict.mutation("guards:insert", { n: 1 });
      expect(errorOf(await stuck)).toBe(
        "Function guards.js:stuck did not finish within 0.05s: it waits for a promise that nothing resolves",
      );
      valueOf(await next);
      expect(valueOf(await strict.query("guards:count"))).toBe(1);
    } finally {
      await strict.remove();
    }
  });

  it("apply to results", async () => {
    expect(errorOf(await engine.query("guards:big"))).toContain(
      "Function guards.js:big return value is too large (actual: ",
    );
  });
});

describe("a mutation's hooks", () => {
  it("write in the same commit and get the result", async () => {
    const outcome = await engine.mutation(
      "guards:insert",
      { n: 1 },
      {},
      {
        beforeCommit: (tx, { value }) =>
          tx.meta.put("test/result", JSON.stringify(value)),
      },
    );
    const tx = engine.database.read();
    expect(tx.meta.get("test/result")).toBe(JSON.stringify(valueOf(outcome)));
    expect(tx.ts).toBe((outcome as { ts: bigint }).ts);
    tx.release();
  });

  it("roll the mutation back when they throw", async () => {
    const before = await count();
    const running = engine.mutation(
      "guards:insert",
      { n: 1 },
      {},
      {
        beforeCommit: () => {
          throw new Error("no room for the record");
        },
      },
    );
    await expect(running).rejects.toThrow("no room for the record");
    expect(await count()).toBe(before);
  });
});

describe("ctx.meta", () => {
  it("counts reads and writes", async () => {
    expect(valueOf(await engine.mutation("guards:metrics"))).toMatchObject({
      documentsWritten: { used: 1, remaining: 15_999 },
      documentsRead: { used: 1, remaining: 31_999 },
      databaseQueries: { used: 1, remaining: 4_095 },
    });
    const event = engine.events.at(-1);
    expect(event).toMatchObject({
      path: "guards.js:metrics",
      udfType: "Mutation",
      source: "client",
      ok: true,
      metrics: { documentsWritten: { used: 1 } },
    });
    expect(event?.commitTs).toBe(engine.database.latestTs);
  });

  it("describes the running function and its request", async () => {
    const request = { requestId: "r7", ip: "192.0.2.1", userAgent: "test" };
    expect(
      valueOf(await engine.mutation("guards:metadata", {}, request)),
    ).toEqual({
      fn: {
        name: "guards:metadata",
        componentPath: "",
        type: "mutation",
        visibility: "public",
      },
      deployment: { name: "embedded", region: null, class: "s16" },
      request: { ...request, scheduledFunctionId: null, authToken: null },
      snapshot: "bigint",
      user: null,
    });
  });
});

describe("a push", () => {
  const module = (answer: string) => `${IMPORTS}
    let calls = 0;
    export const answer = query({ args: {}, handler: async () => [${JSON.stringify(answer)}, ++calls, process.env.KEY ?? null] });
  `;
  const version = (answer: string, env = {}): ComponentSource => ({
    modules: { version: module(answer) },
    env,
    children: { child: { modules: { version: module("child") } } },
  });
  const answers = async () => [
    valueOf(await engine.query("version:answer")),
    valueOf(
      await engine.query("version:answer", {}, { componentPath: "child" }),
    ),
  ];

  it("reloads changed components, keeps the module state of others, and drops removed functions", async () => {
    await engine.deploy(version("one"));
    expect(await answers()).toEqual([
      ["one", 1, null],
      ["child", 1, null],
    ]);
    await engine.deploy(version("two"));
    expect(await answers()).toEqual([
      ["two", 1, null],
      ["child", 2, null],
    ]);
    await engine.deploy(version("two", { KEY: "set" }));
    expect(await answers()).toEqual([
      ["two", 1, "set"],
      ["child", 3, null],
    ]);
    await engine.deploy(app);
    expect(errorOf(await engine.query("version:answer"))).toContain(
      "Could not find function",
    );
  });
});
