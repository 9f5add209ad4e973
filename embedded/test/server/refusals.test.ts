import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { TestDeployment } from "../support/deployment.js";

const FUNCTIONS = `
  import { queryGeneric, mutationGeneric } from "convex/server";
  export const half = queryGeneric({ handler: async () => "half \\ud83d" });
  export const storeHalf = mutationGeneric({ handler: async (ctx) => { await ctx.db.insert("rows", { half: "\\ud83d" }); } });
  export const keys = queryGeneric({ handler: async (_ctx, args) => Object.keys(args) });
`;

let deployment: TestDeployment;

beforeAll(async () => {
  deployment = await TestDeployment.open();
  const pushed = await deployment.push({ modules: { f: FUNCTIONS } });
  expect(pushed.status).toBe(200);
});

// Whatever was refused, the process answers the next call.
afterEach(async () => {
  const { body } = await deployment.post("/api/query", {
    path: "f:keys",
    args: { a: 1 },
  });
  expect(body).toMatchObject({ status: "success", value: ["a"] });
  expect(deployment.logged.filter((line) => line.includes("failed"))).toEqual(
    [],
  );
});

afterAll(() => deployment.remove());

describe("bodies", () => {
  const bomb = Buffer.alloc(64 * 1024 * 1024, " ");

  test.each([
    ["nothing", "", 400, "BadJsonBody"],
    ["no JSON", "{oops", 400, "BadJsonBody"],
    ["an array", "[]", 400, "BadJsonBody"],
    ["a number", "7", 400, "BadJsonBody"],
    ["null", "null", 400, "BadJsonBody"],
    ["deep nesting", "[".repeat(100_000), 400, "BadJsonBody"],
    ["more than the cap", `"${" ".repeat(18 << 20)}"`, 413, "RequestTooLarge"],
  ])("%s is refused", async (_what, body, status, code) => {
    const answer = await deployment.post("/api/query", body);
    expect(answer).toMatchObject({ status, body: { code } });
    expect((answer.body as { message: string }).message).not.toBe("");
  });

  test.each([
    ["br", brotliCompressSync(bomb)],
    ["gzip", gzipSync(bomb)],
  ])("a %s bomb is stopped while it inflates", async (encoding, body) => {
    expect(body.length).toBeLessThan(1 << 20);
    const response = await deployment.fetch("/api/query", {
      method: "POST",
      body,
      headers: { "content-encoding": encoding },
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: "RequestTooLarge" });
  });

  test.each([
    ["br", 400, "BadContentEncoding"],
    ["gzip", 400, "BadContentEncoding"],
    ["zstd", 415, "UnsupportedContentEncoding"],
  ])("a body that is no %s is refused", async (encoding, status, code) => {
    const answer = await deployment.post("/api/query", "{}", {
      "content-encoding": encoding,
    });
    expect(answer).toMatchObject({ status, body: { code } });
  });

  test("a compressed body is read", async () => {
    const call = JSON.stringify({ path: "f:keys", args: { zipped: true } });
    const response = await deployment.fetch("/api/query", {
      method: "POST",
      body: gzipSync(call),
      headers: { "content-encoding": "gzip" },
    });
    expect(await response.json()).toMatchObject({ value: ["zipped"] });
  });
});

describe("calls", () => {
  test.each([
    ["no path", { args: {} }, "BadConvexFunctionIdentifier"],
    ["a path that is a number", { path: 7 }, "BadConvexFunctionIdentifier"],
    [
      "a path upwards",
      { path: "../f:keys", args: {} },
      "BadConvexFunctionIdentifier",
    ],
    ["a path with a space", { path: "f :keys" }, "BadConvexFunctionIdentifier"],
    ["two colons", { path: "f:a:b" }, "BadConvexFunctionIdentifier"],
    [
      "an unknown format",
      { path: "f:keys", args: {}, format: "xml" },
      "BadFormat",
    ],
    [
      "a component by number",
      { path: "f:keys", componentPath: 1 },
      "BadComponentPath",
    ],
    ["args as text", { path: "f:keys", args: "a" }, "InvalidArguments"],
    ["no args", { path: "f:keys" }, "InvalidArguments"],
  ])("%s: 400 %s", async (_what, body, code) => {
    for (const target of ["/api/query", "/api/mutation", "/api/action"]) {
      const answer = await deployment.post(target, body);
      expect(answer).toMatchObject({ status: 400, body: { code } });
    }
  });

  test.each<[string, unknown, string]>([
    [
      "null",
      [null],
      "Expected to receive an object as the function's argument. Instead received: null",
    ],
    [
      "two",
      [{}, {}],
      "Expected to receive a single object as the function's argument. Instead received 2 arguments",
    ],
    [
      "a $ field",
      { $a: 1, b: 2 },
      'args has a field named "$a", which is reserved.',
    ],
    ["an unknown $ value", { a: { $set: [] } }, "which is reserved"],
    ["a short int64", { a: { $integer: "AAA=" } }, "malformed $integer"],
    ["an int64 that is no text", { a: { $integer: 1 } }, "malformed $integer"],
    ["bytes that are no base64", { a: { $bytes: "?" } }, "malformed $bytes"],
    ["a field name that is not ASCII", { é: 1 }, "invalid field name"],
    ["a field name too long", { ["a".repeat(1_025)]: 1 }, "invalid field name"],
    [
      "an array too long",
      { a: Array(8_193).fill(0) },
      "Array length is too long (8193 > maximum length 8192), in args.a",
    ],
    [
      "too many fields",
      Object.fromEntries(Array.from({ length: 1_025 }, (_, i) => ["f" + i, 0])),
      "Object has too many fields (1025 > maximum number 1024), in args",
    ],
  ])(
    "with arguments that are none fail alone: %s",
    async (_what, args, text) => {
      const answer = await deployment.post("/api/query", {
        path: "f:keys",
        args,
      });
      expect(answer).toMatchObject({
        status: 200,
        body: {
          status: "error",
          errorMessage: expect.stringContaining(
            "Server Error\nInvalid arguments for f.js:keys: ",
          ) as string,
        },
      });
      expect(JSON.stringify(answer.body)).toContain(
        JSON.stringify(text).slice(1, -1),
      );
      // What cannot be called is said first.
      expect(
        await deployment.post("/api/mutation", { path: "f:keys", args }),
      ).toMatchObject({
        body: {
          errorMessage: expect.stringContaining("as Mutation") as string,
        },
      });
    },
  );

  test("with half a character are refused, in arguments and in results", async () => {
    const body = (text: string) => `{"path":"f:keys","args":{"a":"${text}"}}`;
    for (const text of ["\\ud83d", "x\\uDE00", "\\\\\\ud83d"]) {
      expect(await deployment.post("/api/query", body(text))).toMatchObject({
        status: 400,
        body: { code: "BadJsonBody" },
      });
    }
    for (const text of ["\\ud83d\\ude00", "\\\\ud83d"]) {
      expect(await deployment.post("/api/query", body(text))).toMatchObject({
        body: { value: ["a"] },
      });
    }
    const half = { path: "f:half", args: {} };
    expect(await deployment.post("/api/query", half)).toMatchObject({
      status: 200,
      body: {
        errorMessage: expect.stringContaining(
          "Function f.js:half failed. Could not parse return value as json: lone leading surrogate",
        ) as string,
      },
    });
    const stored = { path: "f:storeHalf", args: {} };
    expect(await deployment.post("/api/mutation", stored)).toMatchObject({
      body: {
        errorMessage: expect.stringContaining("lone surrogate") as string,
      },
    });
  });

  test("__proto__ never reaches a function, at any depth", async () => {
    for (const args of ['{"__proto__":{"a":1}}', '{"a":[{"__proto__":1}]}']) {
      const answer = await deployment.post(
        "/api/query",
        `{"path":"f:keys","args":${args}}`,
      );
      expect(answer).toMatchObject({ status: 200, body: { status: "error" } });
    }
  });

  test("values nested too deeply are refused", async () => {
    const nested = (depth: number) =>
      `{"path":"f:keys","args":{"a":${"[".repeat(depth)}${"]".repeat(depth)}}}`;
    const deep = await deployment.post("/api/query", nested(10_000));
    expect(JSON.stringify(deep.body)).toContain("Value is too nested");
    const allowed = await deployment.post("/api/query", nested(50));
    expect(allowed.body).toMatchObject({ value: ["a"] });
  });

  test("documents can be passed back: _id and _creationTime are fields like others", async () => {
    const { body } = await deployment.post("/api/query", {
      path: "f:keys",
      args: { _id: "x", _creationTime: 1 },
    });
    expect(body).toMatchObject({ value: ["_id", "_creationTime"] });
  });

  test.each([
    ["/api/query_at_ts", { path: "f:keys", args: {} }, "BadTimestamp"],
    [
      "/api/query_at_ts",
      { path: "f:keys", args: {}, ts: "AA==" },
      "BadTimestamp",
    ],
    ["/api/query_batch", { queries: "f:keys" }, "BadJsonBody"],
    ["/api/query_batch", { queries: [7] }, "BadConvexFunctionIdentifier"],
    ["/api/query_batch", { queries: Array(1_001).fill({}) }, "BadJsonBody"],
    ["/api/run/keys", { args: {} }, "BadConvexFunctionIdentifier"],
    ["/api/run/f/ke%20ys", { args: {} }, "BadConvexFunctionIdentifier"],
  ])("%s with a bad body: %s", async (target, body, code) => {
    const answer = await deployment.post(target, body);
    expect(answer).toMatchObject({ status: 400, body: { code } });
  });

  test("GET /api/query with args that are no JSON", async () => {
    const response = await deployment.fetch("/api/query?path=f:keys&args={");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "InvalidArguments" });
  });
});

describe("paths and methods", () => {
  test.each([
    ["POST", "/api/nothing", 404, "NotFound"],
    ["GET", "/api", 404, "NotFound"],
    ["GET", "/api/../version", 200, undefined],
    ["DELETE", "/api/query", 405, "MethodNotAllowed"],
    ["GET", "/api/mutation", 405, "MethodNotAllowed"],
    ["GET", "/api/run/f/keys", 405, "MethodNotAllowed"],
    ["PUT", "/version", 405, "MethodNotAllowed"],
    ["GET", "/__proto__", 404, "NotFound"],
    ["GET", "/constructor", 404, "NotFound"],
  ])("%s %s is %i", async (method, target, status, code) => {
    const response = await deployment.fetch(target, { method });
    expect(response.status).toBe(status);
    if (code !== undefined)
      expect(await response.json()).toMatchObject({ code });
  });
});
