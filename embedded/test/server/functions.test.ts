import { ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestDeployment } from "../support/deployment.js";

const MESSAGES = `
  import { queryGeneric, mutationGeneric, actionGeneric, internalQueryGeneric } from "convex/server";
  import { ConvexError, v } from "convex/values";
  export const list = queryGeneric({ args: {}, handler: async (ctx) => {
    console.log("listing", 1);
    return (await ctx.db.query("messages").collect()).map((m) => m.body);
  } });
  export const send = mutationGeneric({ args: { body: v.string() }, handler: async (ctx, { body }) => {
    await ctx.db.insert("messages", { body });
    return null;
  } });
  export const echo = actionGeneric({ handler: async (_ctx, args) => args });
  export const values = queryGeneric({ handler: async (_ctx, args) => args });
  export const refuse = mutationGeneric({ handler: async (ctx) => {
    await ctx.db.insert("messages", { body: "never" });
    throw new ConvexError({ kind: "refused", at: 7n });
  } });
  export const hidden = internalQueryGeneric({ handler: async () => "hidden" });
  export default queryGeneric({ handler: async () => "default" });
`;

const COMPONENT = `
  import { queryGeneric } from "convex/server";
  export const where = queryGeneric({ handler: async () => "in the component" });
`;

let deployment: TestDeployment;

beforeAll(async () => {
  deployment = await TestDeployment.open();
  const pushed = await deployment.push({
    modules: { messages: MESSAGES, "folder/messages": MESSAGES },
    children: { part: "part" },
    components: { part: { modules: { lib: COMPONENT } } },
  });
  expect(pushed.status).toBe(200);
});

afterAll(() => deployment.remove());

function call(target: string, path: string, args: unknown = {}, extra = {}) {
  return deployment.post(target, { path, args, ...extra });
}

test("the body of a network-test is echoed", async () => {
  const body = new Uint8Array([0, 255, 10, 13]);
  const response = await deployment.fetch("/echo", { method: "POST", body });
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(body);
});

describe("calling functions", () => {
  test("a query, a mutation and an action answer with their value and log lines", async () => {
    expect(
      await call("/api/mutation", "messages:send", { body: "one" }),
    ).toEqual({
      status: 200,
      body: { status: "success", value: null, logLines: [] },
    });
    expect((await call("/api/query", "messages:list")).body).toEqual({
      status: "success",
      value: ["one"],
      logLines: ["[LOG] 'listing' 1"],
    });
    expect(
      (await call("/api/action", "messages:echo", [{ a: 1 }])).body,
    ).toEqual({ status: "success", value: { a: 1 }, logLines: [] });
  });

  test("arguments are an object, or an array holding one or none", async () => {
    for (const args of [[], {}, [{}]]) {
      const { body } = await call("/api/query", "messages:values", args);
      expect(body).toMatchObject({ status: "success", value: {} });
    }
  });

  test("paths name modules in folders, with .js, and default exports", async () => {
    for (const path of [
      "folder/messages:default",
      "messages",
      "messages.js:default",
    ]) {
      const { body } = await call("/api/query", path);
      expect(body).toMatchObject({ value: "default" });
    }
  });

  test("a ConvexError keeps its data and rolls back", async () => {
    const before = await call("/api/query", "messages:list");
    const { status, body } = await call(
      "/api/mutation",
      "messages:refuse",
      {},
      {
        format: "convex_encoded_json",
      },
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "error",
      errorData: { kind: "refused", at: { $integer: "BwAAAAAAAAA=" } },
    });
    expect((body as { errorMessage: string }).errorMessage).toMatch(
      /^\[Request ID: [0-9a-f]{16}\] Server Error\nUncaught ConvexError: /,
    );
    expect(await call("/api/query", "messages:list")).toEqual(before);
  });

  test("errorData is absent for an error that is no ConvexError", async () => {
    const { body } = await call("/api/mutation", "messages:send", { body: 1 });
    expect(body).toMatchObject({ status: "error" });
    expect(body).not.toHaveProperty("errorData");
    expect((body as { errorMessage: string }).errorMessage).toContain(
      "ArgumentValidationError",
    );
  });

  test("a missing function, or one of another type, is refused by name", async () => {
    const wrongType = await call("/api/query", "messages:send");
    expect(wrongType.body).toMatchObject({ status: "error" });
    expect(JSON.stringify(wrongType.body)).toContain(
      "Trying to execute messages.js:send as Query, but it is defined as Mutation.",
    );
    expect(JSON.stringify((await call("/api/query", "a:b")).body)).toContain(
      "Could not find public function for 'a:b'.",
    );
  });
});

describe("formats", () => {
  const encoded = {
    int: { $integer: "KgAAAAAAAAA=" },
    nan: { $float: "AAAAAAAA+H8=" },
    bytes: { $bytes: "AQI=" },
    list: [{ $integer: "/////////38=" }, 1.5, null, true, "x"],
  };

  test("convex_encoded_json gives values back exactly", async () => {
    const { body } = await call("/api/query", "messages:values", encoded, {
      format: "convex_encoded_json",
    });
    expect(body).toMatchObject({ value: encoded });
  });

  test("export_json tells integers from floats, and loses nothing", async () => {
    const response = await deployment.fetch("/api/query", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        path: "messages:values",
        args: {
          ...encoded,
          zero: { $float: "AAAAAAAAAIA=" },
          big: 1e21,
          one: 1,
        },
        format: "export_json",
      }),
    });
    const text = await response.text();
    for (const field of [
      ...['"int":42', '"nan":{"$float":"AAAAAAAA+H8="}', '"zero":-0.0'],
      ...['"bytes":{"$bytes":"AQI="}', '"big":1e+21', '"one":1.0'],
      '"list":[9223372036854775807,1.5,null,true,"x"]',
    ]) {
      expect(text).toContain(field);
    }
  });

  test("json writes the zero below zero as such", async () => {
    const response = await deployment.fetch("/api/query", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        path: "messages:values",
        args: { zero: { $float: "AAAAAAAAAIA=" } },
      }),
    });
    expect(await response.text()).toContain('"value":{"zero":-0.0}');
  });

  test("json is readable, and the default", async () => {
    for (const extra of [{}, { format: "json" }]) {
      const { body } = await call(
        "/api/query",
        "messages:values",
        encoded,
        extra,
      );
      expect(body).toMatchObject({
        value: {
          int: "42",
          nan: "NaN",
          bytes: "AQI=",
          list: ["9223372036854775807", 1.5, null, true, "x"],
        },
      });
    }
  });
});

describe("other ways to call", () => {
  test("GET /api/query takes its arguments from the URL", async () => {
    const query = new URLSearchParams({
      path: "messages:values",
      args: JSON.stringify({ a: 1 }),
      format: "json",
    });
    const response = await deployment.fetch(`/api/query?${query}`);
    expect(await response.json()).toMatchObject({ value: { a: 1 } });
  });

  test("/api/run runs any type by its path", async () => {
    const { body } = await deployment.post("/api/run/folder/messages/echo", {
      args: { a: 1 },
    });
    expect(body).toMatchObject({ status: "success", value: { a: 1 } });
  });

  test("/api/function reaches internal functions and components with the key", async () => {
    const hidden = await deployment.post(
      "/api/function",
      { path: "messages:hidden", args: {} },
      deployment.admin,
    );
    expect(hidden.body).toMatchObject({ value: "hidden" });
    const inComponent = await deployment.post(
      "/api/function",
      { componentPath: "part", path: "lib:where", args: {} },
      deployment.admin,
    );
    expect(inComponent.body).toMatchObject({ value: "in the component" });
  });

  test("query_batch answers in order, each with its own outcome", async () => {
    const { body } = await deployment.post("/api/query_batch", {
      queries: [
        { path: "messages:values", args: { n: 1 } },
        { path: "messages:nothing", args: {} },
        { path: "messages:values", args: { n: 2 } },
      ],
    });
    expect(body).toMatchObject({
      results: [
        { status: "success", value: { n: 1 } },
        { status: "error" },
        { status: "success", value: { n: 2 } },
      ],
    });
  });
});

describe("ConvexHttpClient", () => {
  const client = () =>
    new ConvexHttpClient(deployment.url, {
      fetch: (input, init) => deployment.inner.fetch(new Request(input, init)),
      logger: false,
    });

  test("queries, mutates and acts", async () => {
    await client().mutation(anyApi["messages"]!["send"]!, { body: "client" });
    expect(await client().query(anyApi["messages"]!["list"]!)).toContain(
      "client",
    );
    expect(
      await client().action(anyApi["messages"]!["echo"]!, { n: 5n }),
    ).toEqual({ n: 5n });
  });

  test("consistentQuery keeps showing the snapshot of its first call", async () => {
    const consistent = client();
    const list = anyApi["messages"]!["list"]!;
    const first = (await consistent.consistentQuery(list)) as string[];
    await client().mutation(anyApi["messages"]!["send"]!, { body: "later" });
    expect(await consistent.consistentQuery(list)).toEqual(first);
    expect(await client().query(list)).toEqual([...first, "later"]);
  });
});

test("a query at a timestamp that query_ts never answered is refused", async () => {
  const ts = Buffer.alloc(8, 1).toString("base64");
  const answer = await call("/api/query_at_ts", "messages:list", {}, { ts });
  expect(answer).toMatchObject({
    status: 400,
    body: { code: "SnapshotNotAvailable" },
  });
});

describe("requests without a key", () => {
  test.each([
    ["/version", /^\d+\.\d+\.\d+$/],
    ["/instance_version", /^\d+\.\d+\.\d+$/],
    ["/instance_name", /^embedded$/],
    ["/", /embedded Convex-compatible deployment/],
  ])("GET %s answers text", async (target, text) => {
    const response = await deployment.fetch(target);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("text/plain");
    expect(await response.text()).toMatch(text);
  });

  test("a browser's preflight and call are allowed for its origin", async () => {
    const origin = "http://localhost:5173";
    const preflight = await deployment.fetch("/api/mutation", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-headers": "convex-client" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
    expect(preflight.headers.get("access-control-allow-headers")).toBe(
      "convex-client",
    );
    const answer = await deployment.fetch("/version", { headers: { origin } });
    expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
  });
});
