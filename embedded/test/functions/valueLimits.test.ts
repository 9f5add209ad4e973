import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, errorOf, valueOf } from "../support/engine.js";

const VALUES = `
  import { queryGeneric as query, mutationGeneric as mutation, actionGeneric as action, makeFunctionReference } from "convex/server";
  import { ConvexError, v } from "convex/values";
  const fn = (name) => makeFunctionReference(name);
  const nested = (levels) => { let value = []; for (let i = 1; i < levels; i++) value = i % 2 ? { a: value } : [value]; return value; };
  const values = {
    "8,192 elements": () => Array(8_192).fill(0),
    "8,193 elements": () => ({ a: Array(8_193).fill("x,y") }),
    "1,024 fields": () => Object.fromEntries(Array.from({ length: 1_024 }, (_, i) => ["f" + i, i])),
    "1,025 fields": () => [Object.fromEntries(Array.from({ length: 1_025 }, (_, i) => ["f" + i, "]}"]))],
    "64 levels": () => nested(64),
    "65 levels": () => nested(65),
    "an int64 in 64 levels": () => { const value = nested(64); let inner = value; for (let i = 1; i < 64; i++) inner = Array.isArray(inner) ? inner[0] : inner.a; inner.push(1n); return value; },
    "strings of brackets": () => Array(100).fill('[{"\\\\'.repeat(100)),
  };
  const make = ({ what }) => values[what]();
  const args = { what: v.string() };
  const ofAny = { value: v.any() };
  export const result = query({ args, handler: async (_, args) => make(args) });
  export const checked = mutation({ args, returns: v.any(), handler: async (_, args) => make(args) });
  export const ofAction = action({ args, handler: async (_, args) => make(args) });
  export const echo = query({ args: ofAny, handler: async (_, { value }) => JSON.stringify(value, (_, part) => typeof part === "bigint" ? String(part) : part).length });
  export const throwing = query({ args, handler: async (_, args) => { throw new ConvexError(make(args)); } });
  export const caughtResult = mutation({ args, handler: async (ctx, args) => { try { return await ctx.runQuery(fn("values:result"), args); } catch (error) { return error.message; } } });
  export const caughtArgument = mutation({ args, handler: async (ctx, args) => { try { return await ctx.runQuery(fn("values:echo"), { value: make(args) }); } catch (error) { return error.message; } } });
  export const caughtError = mutation({ args, handler: async (ctx, args) => { try { return await ctx.runQuery(fn("values:throwing"), args); } catch (error) { return [error.message, error.data ?? null]; } } });
`;

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open({ modules: { values: VALUES } });
});
afterAll(() => engine.remove());

const BEYOND = [
  ["8,193 elements", "Array length is too long (8193 > maximum length 8192)"],
  ["1,025 fields", "Object has too many fields (1025 > maximum number 1024)"],
  [
    "65 levels",
    "Value is too nested (nested 65 levels deep > maximum nesting 64)",
  ],
] as const;

describe.each(BEYOND)("a value with %s", (what, problem) => {
  it("is no result", async () => {
    const outcomes = [
      await engine.query("values:result", { what }),
      await engine.mutation("values:checked", { what }),
      await engine.action("values:ofAction", { what }),
    ];
    expect(outcomes.map(errorOf)).toEqual(
      ["result", "checked", "ofAction"].map(
        (name) => `Function values.js:${name} return value invalid: ${problem}`,
      ),
    );
    expect(
      valueOf(await engine.mutation("values:caughtResult", { what })),
    ).toContain(problem);
  });

  it("is no argument of a nested call", async () => {
    // The object of the arguments and their list are levels, too.
    const inner = problem.replace("65 levels", "67 levels");
    expect(
      valueOf(await engine.mutation("values:caughtArgument", { what })),
    ).toContain(`Invalid arguments for values.js:echo: ${inner}`);
  });

  it("is no data of an error, which has that for its text", async () => {
    const text = `ConvexError with invalid data: ${problem}`;
    const outcome = await engine.query("values:throwing", { what });
    expect(errorOf(outcome)).toBe(text);
    expect(outcome).not.toHaveProperty("errorData");
    expect(
      valueOf(await engine.mutation("values:caughtError", { what })),
    ).toEqual([text, null]);
  });
});

it.each([
  ...["8,192 elements", "1,024 fields", "64 levels"],
  ...["an int64 in 64 levels", "strings of brackets"],
])("a value with %s is passed on", async (what) => {
  valueOf(await engine.query("values:result", { what }));
  valueOf(await engine.mutation("values:checked", { what }));
  expect(await engine.query("values:throwing", { what })).toHaveProperty(
    "errorData",
  );
});
