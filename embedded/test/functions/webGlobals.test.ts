import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, errorOf, valueOf } from "../support/engine.js";
import { FakeClock } from "../support/fakeClock.js";

const WEB = `
  import { queryGeneric as query, mutationGeneric as mutation, actionGeneric as action } from "convex/server";
  import { v } from "convex/values";
  import { ConvexError } from "convex/values";
  performance.mark("imported");
  const importedAt = [performance.now(), performance.getEntries().length];

  const code = { eval: () => eval("1"), indirect: () => (0, eval)("1"), Function: () => new Function("return 1"),
    async: () => (async () => {}).constructor("return 1") };
  export const codeFromText = query({ args: { how: v.string() }, handler: async (_, { how }) => {
    try { return code[how](); } catch (error) { return [error instanceof EvalError, error.name]; }
  } });
  export const uncaught = query({ args: {}, handler: async () => new Function("return 1")() });
  export const webAssembly = query({ args: {}, handler: async () => {
    const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
    return [new WebAssembly.Module(bytes) instanceof WebAssembly.Module, (await WebAssembly.instantiate(bytes)).instance instanceof WebAssembly.Instance];
  } });

  export const globals = query({ args: {}, handler: async () => Object.entries({
    AbortController, AbortSignal, AsyncLocalStorage, AsyncResource, Blob, Crypto, CryptoKey, DOMException, Event,
    EventTarget, File, FinalizationRegistry, FormData, Headers, Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure,
    ReadableStream, ReadableStreamBYOBReader, ReadableStreamDefaultReader, Request, Response, SubtleCrypto, TextDecoder,
    TextDecoderStream, TextEncoder, TextEncoderStream, TransformStream, URL, URLSearchParams, WeakRef, WebAssembly,
    WritableStream, WritableStreamDefaultWriter,
  }).filter(([, value]) => typeof (value === WebAssembly ? value.Module : value) !== "function").map(([name]) => name) });

  const requests = new AsyncLocalStorage();
  export const storage = query({ args: {}, handler: async (ctx) => {
    const read = async () => { await ctx.db.query("rows").collect(); return requests.getStore(); };
    const kept = requests.run("resource", () => new AsyncResource("kept"));
    return [await requests.run("a", read), await requests.run("b", async () => { await null; return await read(); }), await read() ?? null,
      kept.runInAsyncScope(() => requests.getStore()), requests.run("bound", () => AsyncLocalStorage.snapshot())(() => requests.getStore())];
  } });
  export const classes = query({ args: {}, handler: async () => {
    const illegal = [Crypto, SubtleCrypto, Performance, PerformanceEntry].map((Class) => { try { new Class(); return "made"; } catch { return "illegal"; } });
    const stream = new ReadableStream({ start(controller) { controller.enqueue("x"); controller.close(); } });
    const writer = new WritableStream().getWriter();
    return [crypto instanceof Crypto, crypto.subtle instanceof SubtleCrypto, performance instanceof Performance, performance instanceof EventTarget,
      stream.getReader() instanceof ReadableStreamDefaultReader, writer instanceof WritableStreamDefaultWriter, illegal];
  } });

  const timing = async () => {
    performance.mark("a", { detail: { n: 1 } });
    performance.measure("m", "a");
    performance.measure("n", { start: 1, duration: 4 });
    const entries = performance.getEntries().map(({ name, entryType, detail }) => [name, entryType, detail]);
    const [m] = performance.getEntriesByName("m");
    performance.clearMarks();
    return { entries, left: performance.getEntriesByType("mark").length, duration: m.duration >= 0 && m.duration < 1_000,
      n: performance.getEntriesByName("n", "measure")[0].duration, now: performance.timeOrigin + performance.now() - Date.now() };
  };
  export const timed = query({ args: {}, handler: timing });
  export const timedMutation = mutation({ args: {}, handler: async () => {
    const before = performance.now();
    for (let i = 0, x = 0; i < 1e6; i++) x += Math.sqrt(i);
    return performance.now() > before;
  } });
  export const imported = query({ args: {}, handler: async () => importedAt });
  export const badMark = query({ args: {}, handler: async () => performance.measure("m", "nothing") });

  const makeKeys = async () => { await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]); return "made"; };
  export const keysOfQuery = query({ args: {}, handler: makeKeys });
  export const keysOfMutation = mutation({ args: {}, handler: makeKeys });
  export const keysOfAction = action({ args: {}, handler: makeKeys });
  export const hmac = query({ args: {}, handler: async () => {
    const key = await crypto.subtle.importKey("raw", new Uint8Array(32), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return (await crypto.subtle.sign("HMAC", key, new Uint8Array(1))).byteLength;
  } });
`;

const clock = new FakeClock();
let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open({ modules: { web: WEB } }, { clock });
});
afterAll(() => engine.remove());

describe("code made of text", () => {
  it.each(["eval", "indirect", "Function", "async"])(
    "by %s is refused with an EvalError",
    async (how) => {
      expect(valueOf(await engine.query("web:codeFromText", { how }))).toEqual([
        true,
        "EvalError",
      ]);
    },
  );

  it("fails the function that does not catch it", async () => {
    expect(errorOf(await engine.query("web:uncaught"))).toContain(
      "Uncaught EvalError: Code generation from strings disallowed for this context",
    );
  });

  it("is not WebAssembly, which may be made", async () => {
    expect(valueOf(await engine.query("web:webAssembly"))).toEqual([
      true,
      true,
    ]);
  });
});

describe("globals of the web", () => {
  it("are all there", async () => {
    expect(valueOf(await engine.query("web:globals"))).toEqual([]);
  });

  it("have their classes", async () => {
    expect(valueOf(await engine.query("web:classes"))).toEqual([
      ...[true, true, true, true, true, true],
      ["illegal", "illegal", "illegal", "illegal"],
    ]);
  });

  it("keep values through awaits, each in its own call", async () => {
    const both = await Promise.all([
      engine.query("web:storage"),
      engine.query("web:storage"),
    ]);
    expect(both.map(valueOf)).toEqual([
      ["a", "b", null, "resource", "bound"],
      ["a", "b", null, "resource", "bound"],
    ]);
  });

  it("time what runs, for each execution anew", async () => {
    const expected = {
      entries: [
        ["a", "mark", { n: 1 }],
        ["m", "measure", null],
        ["n", "measure", null],
      ],
      left: 0,
      duration: true,
      n: 4,
      now: 0,
    };
    clock.advance(1_000);
    expect(valueOf(await engine.query("web:timed"))).toEqual(expected);
    expect(valueOf(await engine.query("web:timed"))).toEqual(expected);
    expect(valueOf(await engine.query("web:imported"))).toEqual([0, 1]);
    expect(valueOf(await engine.mutation("web:timedMutation"))).toBe(true);
    expect(errorOf(await engine.query("web:badMark"))).toContain(
      'Cannot find mark: "nothing"',
    );
  });
});

describe("keys", () => {
  it("are made in actions only, as randomness of that quality is theirs", async () => {
    const text =
      "Can't use cryptographic randomness in queries and mutations. Please consider using an action.";
    expect(errorOf(await engine.query("web:keysOfQuery"))).toContain(text);
    expect(errorOf(await engine.mutation("web:keysOfMutation"))).toContain(
      text,
    );
    expect(valueOf(await engine.action("web:keysOfAction"))).toBe("made");
  });

  it("sign in queries, too, where that takes no randomness", async () => {
    expect(valueOf(await engine.query("web:hmac"))).toBe(32);
  });
});
