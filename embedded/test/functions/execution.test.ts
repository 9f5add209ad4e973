import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, errorOf, valueOf } from "../support/engine.js";

const MESSAGES = `
  import { queryGeneric as query, mutationGeneric as mutation, internalMutationGeneric as internalMutation } from "convex/server";
  import { v, ConvexError } from "convex/values";

  export const send = mutation({
    args: { body: v.string() },
    returns: v.id("messages"),
    handler: async (ctx, { body }) => {
      console.log("sending", { body });
      return await ctx.db.insert("messages", { body });
    },
  });
  export const list = query({
    args: {},
    handler: async (ctx) => (await ctx.db.query("messages").collect()).map((m) => m.body),
  });
  export const secret = internalMutation({ args: {}, handler: async () => "secret" });
  export const fail = mutation({
    args: {},
    handler: async (ctx) => {
      await ctx.db.insert("messages", { body: "never seen" });
      console.warn("about to fail");
      throw new Error("boom");
    },
  });
  export const failWith = mutation({
    args: { what: v.string() },
    handler: async (ctx, { what }) => {
      if (what === "data") throw new ConvexError({ kind: "full", size: 3n });
      if (what === "null") throw new ConvexError(null);
      if (what === "string") throw "just text";
      if (what === "undefined") throw undefined;
      if (what === "url") new URL("not a url");
      if (what === "hostile") throw { get message() { throw new Error("no"); }, toString() { throw new Error("no"); } };
    },
  });
  export const wrongReturn = query({ args: {}, returns: v.number(), handler: async () => "text" });
  export const constructor = query({ args: {}, handler: async () => "named like a prototype's" });
  export const notAFunction = 3;
  export default query({ args: {}, handler: async () => "the default" });
`;

const REFUSED = `
  import { queryGeneric as query, mutationGeneric as mutation, makeFunctionReference } from "convex/server";
  const gone = makeFunctionReference("chat/messages:gone");
  const doomed = (run) => mutation({ args: {}, handler: async (ctx) => {
    const id = await ctx.db.insert("messages", { body: "doomed" });
    await run(ctx, id);
  } });
  export const insertsId = doomed((ctx, id) => ctx.db.insert("messages", { _id: id, body: "" }));
  export const insertsTime = doomed((ctx) => ctx.db.insert("messages", { _creationTime: 1, body: "" }));
  export const patchesId = doomed((ctx, id) => ctx.db.patch(id, { _id: "x" }));
  export const replacesId = doomed((ctx, id) => ctx.db.replace(id, { _id: "x", body: "" }));
  export const halfAPage = query({ args: {}, handler: (ctx) => ctx.db.query("messages").paginate({ numItems: 1.5, cursor: null }) });
  export const callsNothing = query({ args: {}, handler: (ctx) => ctx.runQuery(gone, {}) });
`;

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open({
    modules: {
      "chat/messages": MESSAGES,
      toString: MESSAGES,
      refused: REFUSED,
    },
  });
});
afterAll(() => engine.remove());

describe("a call", () => {
  it("commits a mutation and shows it to queries", async () => {
    const sent = await engine.mutation("chat/messages:send", { body: "hello" });
    expect(valueOf(sent)).toMatch(/^[0-9a-z]{32}$/);
    expect(sent.logLines).toEqual(["[LOG] 'sending' { body: 'hello' }"]);
    const listed = await engine.query("chat/messages:list");
    expect(valueOf(listed)).toEqual(["hello"]);
    expect(listed).toMatchObject({
      ts: (sent as { ts: bigint }).ts,
    });
  });

  it.each([
    ["chat/messages:list", ["hello"]],
    ["chat/messages.js:list", ["hello"]],
    ["chat/messages", "the default"],
    ["chat/messages:default", "the default"],
    ["chat/messages:constructor", "named like a prototype's"],
    ["toString:constructor", "named like a prototype's"],
  ])("finds %s", async (path, value) => {
    expect(valueOf(await engine.query(path))).toEqual(value);
  });

  it.each([
    "chat/messages:missing",
    "chat/messages:notAFunction",
    "chat/messages:toString",
    "chat/messages:__proto__",
    "constructor:name",
    "__proto__:toString",
    "hasOwnProperty",
    "",
    ":",
  ])("does not find %j", async (path) => {
    expect(errorOf(await engine.query(path))).toMatch(
      /^Could not find function for '.*'\. Did you forget to run `npx convex dev`\?$/,
    );
  });

  it("accepts arguments as an object or in an array, and nothing else", async () => {
    for (const args of [{ body: "a" }, [{ body: "a" }]]) {
      valueOf(await engine.mutation("chat/messages:send", args));
    }
    for (const args of [null, "text", [], [{}, {}], [[]]]) {
      const outcome = await engine.mutation("chat/messages:send", args);
      expect(errorOf(outcome)).toMatch(/^ArgumentValidationError: The arg/);
    }
  });

  it("refuses to run a function as another type", async () => {
    expect(
      errorOf(await engine.query("chat/messages:send", { body: "" })),
    ).toBe(
      "Trying to execute chat/messages.js:send as Query, but it is defined as Mutation.",
    );
  });
});

describe("visibility", () => {
  it("lets the public call only public functions, as if others did not exist", async () => {
    const access = "public";
    const refused = await engine.mutation(
      "chat/messages:secret",
      {},
      { access },
    );
    const missing = await engine.mutation(
      "chat/messages:missing",
      {},
      { access },
    );
    expect(errorOf(refused)).toBe(
      "Could not find public function for 'chat/messages:secret'.",
    );
    expect(errorOf(missing)).toBe(
      "Could not find public function for 'chat/messages:missing'.",
    );
    expect(
      (await engine.query("chat/messages:list", {}, { access })).status,
    ).toBe("success");
  });

  it("lets the administrator call internal functions", async () => {
    expect(valueOf(await engine.mutation("chat/messages:secret"))).toBe(
      "secret",
    );
  });
});

describe("validation", () => {
  it("checks arguments before the function runs", async () => {
    const outcome = await engine.mutation("chat/messages:send", { other: 1 });
    expect(errorOf(outcome)).toMatch(
      /^ArgumentValidationError: Object is missing the required field `body`/,
    );
    expect(outcome.logLines).toEqual([]);
  });

  it("checks the return value", async () => {
    const outcome = await engine.query("chat/messages:wrongReturn");
    expect(errorOf(outcome)).toMatch(/^ReturnsValidationError: /);
  });
});

describe("an error", () => {
  it("rolls back, keeps the log lines, and names the place in the source", async () => {
    const before = valueOf(await engine.query("chat/messages:list"));
    const outcome = await engine.mutation("chat/messages:fail");
    expect(outcome).toMatchObject({ status: "error" });
    expect(outcome).not.toHaveProperty("errorData");
    const lines = errorOf(outcome).split("\n");
    expect(lines[0]).toBe("Uncaught Error: boom");
    const line =
      MESSAGES.split("\n").findIndex((l) => l.includes('"boom"')) + 1;
    expect(lines[1]).toBe(
      `    at handler (convex-source:chat/messages.ts:${line}:13)`,
    );
    expect(outcome.logLines).toEqual(["[WARN] 'about to fail'"]);
    expect(valueOf(await engine.query("chat/messages:list"))).toEqual(before);
  });

  it("starts with the request's id", async () => {
    const outcome = await engine.mutation(
      "chat/messages:fail",
      {},
      { requestId: "abc" },
    );
    expect(outcome).toMatchObject({
      errorMessage: expect.stringMatching(
        /^\[Request ID: abc\] Server Error\nUncaught Error: boom\n/,
      ) as string,
    });
  });

  it.each([
    ["data", { kind: "full", size: { $integer: "AwAAAAAAAAA=" } }],
    ["null", null],
  ])("carries the data of a ConvexError: %s", async (what, errorData) => {
    const outcome = await engine.mutation("chat/messages:failWith", { what });
    expect(outcome).toMatchObject({ status: "error", errorData });
    expect(errorOf(outcome)).toMatch(/^Uncaught ConvexError: /);
  });

  it.each([
    ["string", "Uncaught just text"],
    ["undefined", "Uncaught undefined"],
    ["url", "Uncaught TypeError: Invalid URL"],
    ["hostile", "Uncaught a value that cannot be converted to a string"],
  ])("describes any thrown value: %s", async (what, text) => {
    const outcome = await engine.mutation("chat/messages:failWith", { what });
    expect(errorOf(outcome).split("\n")[0]).toBe(text);
    expect(outcome).not.toHaveProperty("errorData");
  });
});

describe("is refused in Convex's words", () => {
  it.each([
    [
      "Query",
      "halfAPage",
      "Invalid arguments for `queryPage`: invalid type: floating point `1.5`, expected usize",
    ],
    [
      "Query",
      "callsNothing",
      "Could not find public function for 'chat/messages:gone'.",
    ],
    ["Mutation", "insertsId", "doesn't match '_id' field"],
    ["Mutation", "insertsTime", "doesn't match '_creationTime' field"],
    ["Mutation", "patchesId", "doesn't match '_id' field"],
    ["Mutation", "replacesId", "doesn't match '_id' field"],
  ])("a %s that %s", async (type, name, words) => {
    const path = `refused:${name}`;
    const outcome =
      type === "Query" ? await engine.query(path) : await engine.mutation(path);
    expect(errorOf(outcome)).toContain(words);
    expect(valueOf(await engine.query("chat/messages:list"))).not.toContain(
      "doomed",
    );
  });
});
