import { EOL } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.js";
import { containStrayErrors } from "../../src/functions/strayErrors.js";
import { Engine, errorOf, valueOf } from "../support/engine.js";
import { FakeClock } from "../support/fakeClock.js";

const NODE = `"use node";
  import { actionGeneric as action, makeFunctionReference } from "convex/server";
  import { ConvexError, v } from "convex/values";
  import assert from "node:assert";
  import { AsyncLocalStorage } from "node:async_hooks";
  import { Buffer as ImportedBuffer } from "node:buffer";
  import { createHash } from "node:crypto";
  import { EventEmitter } from "node:events";
  import fs from "node:fs";
  import http from "node:http";
  import { createRequire } from "node:module";
  import net from "node:net";
  import os from "node:os";
  import path from "node:path";
  import importedProcess from "node:process";
  import { PassThrough, Readable } from "node:stream";
  import { pipeline } from "node:stream/promises";
  import { fileURLToPath } from "node:url";
  import util from "node:util";
  import vm from "node:vm";
  import zlib from "node:zlib";

  const importedAt = Date.now();
  const fn = (name) => makeFunctionReference(name);
  let calls = 0;
  const tried = (run) => { try { run(); } catch (error) { return error; } };

  export const globals = action({ args: {}, handler: async () => ({
    missing: Object.entries({
      global, globalThis, process, Buffer, setImmediate, clearImmediate, setTimeout, clearTimeout, setInterval,
      clearInterval, queueMicrotask, structuredClone, MessageChannel, MessagePort, BroadcastChannel, AbortController,
      TextEncoder, URL, Blob, fetch, Headers, FormData, ReadableStream, CompressionStream, crypto, performance,
      WebAssembly, require, module, exports, __dirname, __filename, console,
    }).filter(([, value]) => value === undefined).map(([name]) => name),
    dirname: path.isAbsolute(__dirname) && path.dirname(__filename) === __dirname,
    url: path.basename(fileURLToPath(import.meta.url)),
    platform: process.platform === os.platform(),
    version: process.version.startsWith("v") && process.versions.node.length > 0,
    cwd: process.cwd() === path.resolve("."),
    streams: typeof process.stdout.write + typeof process.stderr.write,
    hrtime: typeof process.hrtime.bigint(),
    memory: process.memoryUsage().rss > 0,
    emitWarning: typeof process.emitWarning,
    isProcess: Object.prototype.toString.call(process),
    nextTick: await new Promise((resolve) => process.nextTick(resolve, "tick")),
    immediate: await new Promise((resolve) => setImmediate(resolve, "now")),
    same: [globalThis === global, globalThis.globalThis === globalThis, globalThis.process === process, importedProcess === process,
      require("process") === process, createRequire(import.meta.url)("node:path") === path],
    env: [process.env.SECRET, typeof process.env.PATH, Object.keys(process.env)],
    evaluated: eval("1 + 1") + new Function("return 1")(),
    inNewContext: vm.runInNewContext("1 + 1"),
  }) });

  export const classes = action({ args: {}, handler: async () => {
    const refused = await new Promise((resolve) => net.connect(1, "127.0.0.1").on("error", resolve));
    const parsed = tried(() => JSON.parse("{"));
    return {
      node: [
        tried(() => fs.readFileSync("/nowhere")) instanceof Error, tried(() => assert.equal(1, 2)) instanceof Error,
        tried(() => Buffer.alloc("x")) instanceof TypeError, refused instanceof Error, parsed instanceof SyntaxError,
        util.types.isNativeError(new Error("own")), tried(() => null.x) instanceof TypeError,
      ],
      values: [
        Buffer.from("a") instanceof Uint8Array, Buffer === ImportedBuffer, fs.readdirSync("/") instanceof Array,
        zlib.gzipSync("a") instanceof Buffer, [] instanceof Array, fs.promises.readFile("/nowhere").catch(() => 0) instanceof Promise,
        new Date() instanceof Date, util.types.isDate(new Date()), fs.statSync("/").mtime instanceof Date,
        util.isDeepStrictEqual({ a: [1] }, JSON.parse('{"a":[1]}')), new URL("http://a.test/") instanceof URL,
      ],
    };
  } });

  class Counter extends EventEmitter {
    constructor() { super(); this.count = 0; this.on("more", (n) => { this.count += n; }); }
  }
  export const modules = action({ args: {}, handler: async () => {
    const counter = new Counter();
    counter.emit("more", 2);
    const chunks = [];
    await pipeline(Readable.from(["a", "b"]), zlib.createGzip(), zlib.createGunzip(), new PassThrough().on("data", (chunk) => chunks.push(chunk)));
    const server = http.createServer((request, response) => request.pipe(response));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address();
    const echoed = await (await fetch("http://127.0.0.1:" + port, { method: "POST", body: "echo" })).text();
    const agent = new http.Agent({ keepAlive: true });
    const raw = await new Promise((resolve, reject) => {
      const request = http.request({ port, host: "127.0.0.1", method: "POST", agent, timeout: 5_000 }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part) => { text += part; }).on("end", () => resolve(text));
      });
      request.on("error", reject).end("raw");
    });
    agent.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const storage = new AsyncLocalStorage();
    return {
      count: counter.count, unzipped: Buffer.concat(chunks).toString(), echoed, raw,
      hash: createHash("sha256").update("a").digest("hex").length,
      stored: await storage.run(1, async () => { await null; return storage.getStore(); }),
      promisified: await util.promisify(setTimeout)(0, "later"),
      dynamic: (await import("node:os")).EOL,
    };
  } });

  export const calling = action({ args: {}, handler: async (ctx) => {
    const failed = await ctx.runMutation(fn("data:fail"), {}).catch((error) => error);
    const unknown = await ctx.runQuery(fn("data:nothing"), {}).catch((error) => error);
    return [await ctx.runMutation(fn("data:add"), {}), failed instanceof ConvexError, failed.data, unknown instanceof Error, ++calls];
  } });
  export const timers = action({ args: {}, handler: async () => {
    const began = Date.now();
    const fired = [];
    const timer = setTimeout(() => fired.push("never"), 100);
    const held = [timer.hasRef(), timer.unref().hasRef(), timer.ref().hasRef()];
    clearTimeout(timer);
    clearTimeout(Number(setTimeout(() => fired.push("never"), 100)));
    const interval = setInterval(() => fired.push("interval"), 1_000);
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    clearInterval(interval);
    return { held, fired, took: Date.now() - began, imported: importedAt <= began, now: new Date().getTime() === Date.now() };
  } });
  export const logs = action({ args: {}, handler: async () => {
    console.log("text", 1, { a: [1] }); console.error(new Map([[1, 2]])); console.group("in"); console.info("inside"); console.groupEnd();
    console.time("t"); console.timeEnd("t"); console._stdout?.write("nowhere");
  } });
  export const ends = action({ args: { how: v.string() }, handler: async (ctx, { how }) => {
    if (how === "throw") throw new Error("thrown");
    if (how === "data") throw new ConvexError({ why: 1 });
    if (how === "exit") process.exit(3);
    if (how === "reject") { void Promise.reject(new Error("rejected")); }
    if (how === "tick") process.nextTick(() => { throw new Error("in a tick"); });
    if (how === "timer") setTimeout(() => { throw new Error("in a timer"); }, 1);
    if (how === "emitter") setImmediate(() => new EventEmitter().emit("error", new Error("emitted")));
    await new Promise(() => {});
  } });
  export const globalsOfItsOwn = action({ args: {}, handler: async () => {
    globalThis.polyfill = 1;
    process.on("SIGTERM", () => {});
    return [globalThis.polyfill, "polyfill" in globalThis];
  } });
`;

const DATA = `
  import { mutationGeneric as mutation } from "convex/server";
  import { ConvexError } from "convex/values";
  export const add = mutation({ args: {}, handler: async (ctx) => { await ctx.db.insert("rows", {}); return "added"; } });
  export const fail = mutation({ args: {}, handler: async () => { throw new ConvexError({ code: 7 }); } });
`;

const modules = { node: NODE, data: DATA };
let engine: Engine;
beforeAll(async () => {
  const app = { modules, env: { SECRET: "s" } };
  engine = await Engine.open(app, { clock: systemClock });
});
afterAll(() => engine.remove());

describe('an action with "use node"', () => {
  it("has all that Node has, and nothing of the deployment's environment", async () => {
    expect(valueOf(await engine.action("node:globals"))).toEqual({
      missing: [],
      dirname: true,
      url: "node.js",
      platform: true,
      version: true,
      cwd: true,
      streams: "functionfunction",
      hrtime: "bigint",
      memory: true,
      emitWarning: "function",
      isProcess: "[object process]",
      nextTick: "tick",
      immediate: "now",
      same: [true, true, true, true, true, true],
      env: ["s", "undefined", ["SECRET"]],
      evaluated: 3,
      inNewContext: 2,
    });
  });

  it("has the same classes as Node's own modules", async () => {
    const { node, values } = valueOf(await engine.action("node:classes")) as {
      node: boolean[];
      values: boolean[];
    };
    expect(node).toEqual(node.map(() => true));
    expect(values).toEqual(values.map(() => true));
  });

  it("uses Node's modules: events, streams, servers, agents, async storage", async () => {
    expect(valueOf(await engine.action("node:modules"))).toEqual({
      count: 2,
      unzipped: "ab",
      echoed: "echo",
      raw: "raw",
      hash: 64,
      stored: 1,
      promisified: "later",
      dynamic: EOL,
    });
  });

  it("calls functions, whose errors are its own", async () => {
    expect(valueOf(await engine.action("node:calling"))).toEqual([
      ...["added", true, { code: 7 }, true, 1],
    ]);
  });

  it("keeps what it assigns to globals from the deployment", async () => {
    const listeners = process.listenerCount("SIGTERM");
    expect(valueOf(await engine.action("node:globalsOfItsOwn"))).toEqual([
      1,
      true,
    ]);
    expect("polyfill" in globalThis).toBe(false);
    expect(process.listenerCount("SIGTERM")).toBe(listeners);
  });

  it("logs as on Convex", async () => {
    const { logLines } = await engine.action("node:logs");
    expect(logLines).toEqual([
      "[LOG] 'text' 1 { a: [ 1 ] }",
      "[ERROR] Map(1) { 1 => 2 }",
      "[LOG] 'in'",
      "[INFO] 'inside'",
      expect.stringMatching(/^\[INFO\] t: \d+ms$/),
    ]);
  });

  it("has timers of the deployment's clock", async () => {
    const clock = new FakeClock();
    const other = await Engine.open({ modules }, { clock });
    try {
      const running = other.action("node:timers");
      await clock.timerSetWithin(10_000);
      while (clock.nextTimerMs !== undefined) {
        clock.advance(clock.nextTimerMs - clock.now());
        await new Promise(setImmediate);
      }
      expect(valueOf(await running)).toEqual({
        held: [true, false, true],
        fired: ["interval", "interval", "interval"],
        took: 3_500,
        imported: true,
        now: true,
      });
    } finally {
      await other.remove();
    }
  });

  describe("fails alone", () => {
    let stop: () => void;
    const reports: string[] = [];
    beforeAll(() => {
      stop = containStrayErrors(engine.runtime, (line) => reports.push(line));
    });
    afterAll(() => stop());

    it.each([
      [
        "throw",
        "Uncaught Error: thrown\n    at handler (convex-source:node.ts",
      ],
      ["exit", "Uncaught Error: process.exit() called with exit code 3"],
      ["reject", "Uncaught Error: rejected"],
      ["tick", "Uncaught Error: in a tick"],
      ["timer", "Uncaught Error: in a timer"],
      ["emitter", "Uncaught Error: emitted"],
    ])("when it ends by %s", async (how, text) => {
      const outcome = await engine.action("node:ends", { how });
      expect(errorOf(outcome)).toContain(text);
      expect(reports).toEqual([]);
    });

    it("with the data of a ConvexError", async () => {
      const outcome = await engine.action("node:ends", { how: "data" });
      expect(outcome).toMatchObject({ errorData: { why: 1 } });
    });
  });
});
