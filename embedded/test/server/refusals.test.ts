import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { TestDeployment } from "../support/deployment.js";

const FUNCTIONS = `
  import { queryGeneric } from "convex/server";
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
    ["a path upwards", { path: "../f:keys" }, "BadConvexFunctionIdentifier"],
    ["a path with a space", { path: "f :keys" }, "BadConvexFunctionIdentifier"],
    ["two colons", { path: "f:a:b" }, "BadConvexFunctionIdentifier"],
    ["an unknown format", { path: "f:keys", format: "xml" }, "BadFormat"],
    [
      "a component by number",
      { path: "f:keys", componentPath: 1 },
      "BadComponentPath",
    ],
    ["args as text", { path: "f:keys", args: "a" }, "InvalidArguments"],
    ["args as null", { path: "f:keys", args: [null] }, "InvalidArguments"],
    ["two args", { path: "f:keys", args: [{}, {}] }, "InvalidArguments"],
    [
      "a $ field",
      { path: "f:keys", args: { $a: 1, b: 2 } },
      "InvalidArguments",
    ],
    [
      "an unknown $ value",
      { path: "f:keys", args: { a: { $set: [] } } },
      "InvalidArguments",
    ],
    [
      "a short int64",
      { path: "f:keys", args: { a: { $integer: "AAA=" } } },
      "InvalidArguments",
    ],
    [
      "an int64 that is no text",
      { path: "f:keys", args: { a: { $integer: 1 } } },
      "InvalidArguments",
    ],
    [
      "bytes that are no base64",
      { path: "f:keys", args: { a: { $bytes: "?" } } },
      "InvalidArguments",
    ],
    [
      "a field name that is not ASCII",
      { path: "f:keys", args: { é: 1 } },
      "InvalidArguments",
    ],
    [
      "a field name too long",
      { path: "f:keys", args: { ["a".repeat(1_025)]: 1 } },
      "InvalidArguments",
    ],
    [
      "an array too long",
      { path: "f:keys", args: { a: Array(8_193).fill(0) } },
      "InvalidArguments",
    ],
  ])("%s: 400 %s", async (_what, body, code) => {
    for (const target of ["/api/query", "/api/mutation", "/api/action"]) {
      const answer = await deployment.post(target, body);
      expect(answer).toMatchObject({ status: 400, body: { code } });
    }
  });

  test("__proto__ never reaches a function, at any depth", async () => {
    for (const args of ['{"__proto__":{"a":1}}', '{"a":[{"__proto__":1}]}']) {
      const answer = await deployment.post(
        "/api/query",
        `{"path":"f:keys","args":${args}}`,
      );
      expect(answer).toMatchObject({
        status: 400,
        body: { code: "InvalidArguments" },
      });
    }
  });

  test("values nested too deeply are refused", async () => {
    const nested = (depth: number) =>
      `{"path":"f:keys","args":{"a":${"[".repeat(depth)}${"]".repeat(depth)}}}`;
    const deep = await deployment.post("/api/query", nested(10_000));
    expect(deep).toMatchObject({
      status: 400,
      body: { code: "InvalidArguments" },
    });
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
