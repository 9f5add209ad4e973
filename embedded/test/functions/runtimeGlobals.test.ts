import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Engine, errorOf, valueOf } from "../support/engine.js";
import { FakeClock } from "../support/fakeClock.js";

const GLOBALS = `
  import { queryGeneric as query, mutationGeneric as mutation, actionGeneric as action, makeFunctionReference } from "convex/server";
  import { v } from "convex/values";
  const fn = (name) => makeFunctionReference(name);
  const importedAt = Date.now();
  let calls = 0;
  const read = () => ({ now: Date.now(), date: new Date().getTime(), random: Math.random() });

  export const now = query({ args: {}, handler: async () => read() });
  export const nested = mutation({ args: {}, handler: async (ctx) => [read(), await ctx.runQuery(fn("globals:now"), {}), read()] });
  export const dates = query({ args: {}, handler: async () => ({
    isDate: new Date() instanceof Date,
    parsed: Date.parse("2026-01-02T03:04:05Z"),
    utc: Date.UTC(2026, 0, 2),
    given: new Date(5).getTime(),
    parts: new Date(2026, 0, 2, 3).getHours(),
    text: typeof Date(),
    name: Date.name,
    subclass: new (class extends Date {})().getTime() === Date.now(),
    imported: importedAt,
  }) });
  export const forbidden = mutation({ args: { what: v.string() }, handler: async (ctx, { what }) => {
    if (what === "setTimeout") setTimeout(() => {}, 1);
    if (what === "setInterval") setInterval(() => {}, 1);
    if (what === "fetch()") await fetch("http://127.0.0.1:1/");
  } });
  export const webApis = query({ args: {}, handler: async () => {
    const bytes = new TextEncoder().encode("héllo");
    return {
      bytes: bytes instanceof Uint8Array && bytes.buffer instanceof ArrayBuffer,
      text: new TextDecoder().decode(bytes),
      url: new URL("/a?b=1", "http://x.test").searchParams.get("b"),
      params: new URLSearchParams({ a: "1" }).toString(),
      header: new Headers({ "X-A": "1" }).get("x-a"),
      response: await new Response("body").text(),
      blob: new Blob(["abc"]).size,
      base64: btoa("a") + atob("YQ=="),
      clone: structuredClone({ a: [1] }),
      aborted: AbortSignal.abort().aborted,
      digest: new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).length,
      uuid: crypto.randomUUID(),
      random: [...crypto.getRandomValues(new Uint8Array(4))].length,
      noNode: [typeof Buffer, typeof process.exit, typeof window],
    };
  } });
  export const binary = mutation({ args: {}, handler: async (ctx) => {
    const id = await ctx.db.insert("blobs", { bytes: new TextEncoder().encode("abc").buffer });
    return (await ctx.db.get(id)).bytes;
  } });
  export const logs = query({ args: { count: v.number(), size: v.number() }, handler: async (ctx, { count, size }) => {
    for (let i = 0; i < count; i++) console.log("é".repeat(size));
  } });
  export const levels = query({ args: {}, handler: async () => {
    console.debug(1); console.info(null); console.log({ a: [1, "x"], m: new Map([[1, 2]]) }); console.warn(undefined, 1n); console.error(new Error("why").message);
    console.assert(true, "silent"); console.assert(false, "loud"); console.time("t"); console.timeEnd("t"); console.timeEnd("t");
  } });
  export const state = query({ args: {}, handler: async () => ++calls });
  export const clock = action({ args: {}, handler: async () => {
    const start = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    return Date.now() - start;
  } });
  export const intervals = action({ args: {}, handler: async () => {
    let ticks = 0;
    await new Promise((resolve) => { const timer = setInterval(() => { if (++ticks === 3) { clearInterval(timer); resolve(); } }, 1_000); });
    return ticks;
  } });
  export const leftover = action({ args: {}, handler: async () => { setTimeout(() => { throw new Error("late"); }, 60_000); return "done"; } });
`;

const clock = new FakeClock();
let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open({ modules: { globals: GLOBALS } }, { clock });
});
afterAll(() => engine.remove());
beforeEach(() => clock.advance(1_000));

interface Reading {
  now: number;
  date: number;
  random: number;
}

describe("in queries and mutations", () => {
  it("time stands still within a call and goes on with the next", async () => {
    const first = valueOf(
      await engine.query("globals:now"),
    ) as unknown as Reading;
    expect(first).toMatchObject({ now: clock.now(), date: clock.now() });
    clock.advance(1);
    const second = valueOf(
      await engine.query("globals:now"),
    ) as unknown as Reading;
    expect(second.now).toBe(first.now + 1);
    expect(second.random).not.toBe(first.random);
  });

  it("nested calls share the time and have random seeds of their own", async () => {
    const readings = valueOf(
      await engine.mutation("globals:nested"),
    ) as unknown as Reading[];
    expect(new Set(readings.map(({ now }) => now)).size).toBe(1);
    expect(new Set(readings.map(({ random }) => random)).size).toBe(3);
  });

  it("Date otherwise works as usual, and stood still at import", async () => {
    const dates = valueOf(await engine.query("globals:dates")) as Record<
      string,
      unknown
    >;
    expect(dates).toMatchObject({
      isDate: true,
      parsed: Date.UTC(2026, 0, 2, 3, 4, 5),
      utc: Date.UTC(2026, 0, 2),
      given: 5,
      parts: 3,
      text: "string",
      name: "Date",
      subclass: true,
    });
    expect(dates["imported"]).toBeLessThan(clock.now());
  });

  it.each(["setTimeout", "setInterval", "fetch()"])(
    "%s throws what it says on Convex",
    async (what) => {
      expect(
        errorOf(await engine.mutation("globals:forbidden", { what })),
      ).toContain(
        `Uncaught Error: Can't use ${what} in queries and mutations. Please consider using an action.`,
      );
    },
  );
});

it("offers the web APIs, and nothing of Node", async () => {
  expect(valueOf(await engine.query("globals:webApis"))).toEqual({
    bytes: true,
    text: "héllo",
    url: "1",
    params: "a=1",
    header: "1",
    response: "body",
    blob: 3,
    base64: "YQ==a",
    clone: { a: [1] },
    aborted: true,
    digest: 32,
    uuid: expect.stringMatching(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    ) as string,
    random: 4,
    noNode: ["undefined", "undefined", "undefined"],
  });
});

it("can store bytes made by a web API", async () => {
  expect(valueOf(await engine.mutation("globals:binary"))).toEqual({
    $bytes: "YWJj",
  });
});

it("keeps module state between calls", async () => {
  const first = valueOf(await engine.query("globals:state")) as number;
  expect(valueOf(await engine.query("globals:state"))).toBe(first + 1);
});

describe("console", () => {
  it("has a line for each call", async () => {
    expect((await engine.query("globals:levels")).logLines).toEqual([
      "[DEBUG] 1",
      "[INFO] null",
      "[LOG] { a: [ 1, 'x' ], m: Map (1) {1 => 2} }",
      "[WARN] undefined 1n",
      "[ERROR] 'why'",
      "[ERROR] 'Assertion failed' 'loud'",
      "[INFO] t: 0ms",
      "[WARN] Timer 't' does not exist",
    ]);
  });

  it("cuts long lines at 32,768 bytes without cutting a character", async () => {
    const [line = ""] = (
      await engine.query("globals:logs", { count: 1, size: 20_000 })
    ).logLines;
    const around = "[LOG] ".length + " (truncated due to length)".length;
    expect(Buffer.byteLength(line) - around).toBeLessThanOrEqual(32_768);
    expect(Buffer.byteLength(line) - around).toBeGreaterThan(32_760);
    expect(line).toMatch(/^\[LOG\] 'é+ \(truncated due to length\)$/);
  });

  it("keeps a line that is just short enough", async () => {
    const [line = ""] = (
      await engine.query("globals:logs", { count: 1, size: 16_383 })
    ).logLines;
    expect(Buffer.byteLength(line) - "[LOG] ".length).toBe(32_768);
    expect(line.endsWith("é'")).toBe(true);
  });

  it("stops at 256 lines, the last of which says so", async () => {
    const { logLines } = await engine.query("globals:logs", {
      count: 300,
      size: 1,
    });
    expect(logLines).toHaveLength(256);
    expect(logLines[255]).toBe(
      "[ERROR] Log overflow (maximum 256). Remaining log lines omitted.",
    );
  });
});

describe("in actions", () => {
  it("time passes and timers run", async () => {
    const running = engine.action("globals:clock");
    await timerArmed();
    clock.advance(5_000);
    expect(valueOf(await running)).toBe(5_000);
  });

  it("intervals repeat until they are cleared", async () => {
    const running = engine.action("globals:intervals");
    await timerArmed();
    clock.advance(10_000);
    expect(valueOf(await running)).toBe(3);
  });

  it("timers end with the action", async () => {
    expect(valueOf(await engine.action("globals:leftover"))).toBe("done");
    expect(clock.nextTimerMs).toBeUndefined();
  });
});

/** Resolves when an action has set its timer: actions begin in microtasks of their own. */
async function timerArmed(): Promise<void> {
  while (clock.nextTimerMs === undefined) {
    await new Promise(setImmediate);
  }
}
