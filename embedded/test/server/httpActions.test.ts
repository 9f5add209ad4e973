import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestDeployment } from "../support/deployment.js";

const STORE = `
  import { internalMutationGeneric as mutation, internalQueryGeneric as query, internalActionGeneric as action } from "convex/server";
  export const add = mutation({ handler: async (ctx, { text }) => { await ctx.db.insert("notes", { text }); } });
  export const all = query({ handler: async (ctx) => (await ctx.db.query("notes").collect()).map((note) => note.text) });
  export const shout = action({ handler: async (_ctx, { text }) => text.toUpperCase() });
`;

const HTTP = `
  import { httpRouter, httpActionGeneric as httpAction, makeFunctionReference } from "convex/server";
  import { ConvexError } from "convex/values";
  const http = httpRouter();
  const answer = (text) => httpAction(async () => new Response(text));
  http.route({ path: "/exact", method: "GET", handler: answer("exact") });
  http.route({ path: "/", method: "GET", handler: answer("root") });
  http.route({ pathPrefix: "/", method: "PUT", handler: answer("any put") });
  http.route({ pathPrefix: "/api/", method: "GET", handler: answer("api") });
  http.route({ pathPrefix: "/api/deep/", method: "GET", handler: answer("deep") });
  http.route({ path: "/part/mine", method: "GET", handler: answer("the app's own") });
  http.route({ path: "/echo", method: "POST", handler: httpAction(async (ctx, request) => {
    const bytes = new Uint8Array(await request.clone().arrayBuffer());
    return Response.json({
      method: request.method,
      url: request.url,
      mark: request.headers.get("x-mark"),
      text: await request.text(),
      length: bytes.length,
      isRequest: request instanceof Request && request.headers instanceof Headers,
      identity: await ctx.auth.getUserIdentity(),
      site: process.env.CONVEX_SITE_URL,
    }, { status: 201 });
  }) });
  http.route({ path: "/notes", method: "POST", handler: httpAction(async (ctx, request) => {
    const text = await ctx.runAction(makeFunctionReference("store:shout"), { text: await request.text() });
    await ctx.runMutation(makeFunctionReference("store:add"), { text });
    console.log("noted", text);
    return Response.json(await ctx.runQuery(makeFunctionReference("store:all"), {}));
  }) });
  http.route({ path: "/bytes", method: "GET", handler: httpAction(async () => {
    const headers = new Headers({ "content-type": "image/png" });
    headers.append("set-cookie", "a=1"); headers.append("set-cookie", "b=2");
    return new Response(new Uint8Array([0, 255, 128]), { headers });
  }) });
  http.route({ path: "/large", method: "GET", handler: httpAction(async () => {
    let sent = 0;
    const mib = new Uint8Array(1024 * 1024);
    return new Response(new ReadableStream({
      pull: (stream) => (sent += 1) > 21 ? stream.close() : stream.enqueue(mib),
    }));
  }) });
  http.route({ path: "/nothing", method: "GET", handler: httpAction(async () => new Response(null, { status: 204 })) });
  http.route({ path: "/throw", method: "GET", handler: httpAction(async () => { throw new Error("on purpose"); }) });
  http.route({ path: "/refuse", method: "GET", handler: httpAction(async () => { throw new ConvexError({ why: 7n }); }) });
  http.route({ path: "/text", method: "GET", handler: httpAction(async () => "no response") });
  http.route({ path: "/options", method: "OPTIONS", handler: httpAction(async () => new Response(null, { status: 204, headers: { "access-control-allow-origin": "https://only.example" } })) });

  let open;
  const gate = new Promise((resolve) => { open = resolve; });
  http.route({ path: "/open", method: "POST", handler: httpAction(async () => { open(); return new Response(); }) });
  http.route({ path: "/stream", method: "GET", handler: httpAction(async (ctx) => {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    const write = (text) => writer.write(new TextEncoder().encode(text));
    void (async () => {
      await write("first ");
      await gate;
      await write("then " + await ctx.runAction(makeFunctionReference("store:shout"), { text: "late" }));
      await writer.close();
    })();
    return new Response(readable);
  }) });
  http.route({ path: "/endless", method: "GET", handler: httpAction(async () => {
    let sent = false;
    return new Response(new ReadableStream({
      pull: (controller) => sent ? new Promise(() => {}) : (sent = true, controller.enqueue(new Uint8Array([1]))),
    }));
  }) });
  http.route({ path: "/broken", method: "GET", handler: httpAction(async () =>
    new Response(new ReadableStream({ pull() { throw new Error("half way"); } }))) });
  export default http;
`;

const PART = `
  import { httpRouter, httpActionGeneric as httpAction } from "convex/server";
  const http = httpRouter();
  const handler = httpAction(async (ctx, request) => Response.json({
    pathname: new URL(request.url).pathname, identity: await ctx.auth.getUserIdentity(),
    component: (await ctx.meta.getFunctionMetadata()).componentPath,
  }));
  http.route({ path: "/where", method: "GET", handler });
  http.route({ path: "/mine", method: "GET", handler });
  export default http;
`;

let deployment: TestDeployment;
let stopListening = () => {};

beforeAll(async () => {
  deployment = await TestDeployment.open();
  const pushed = await deployment.push({
    modules: { http: HTTP, store: STORE },
    children: { part: "part", hidden: "part" },
    httpPrefixes: { part: "/part/" },
    components: {
      part: {
        modules: { http: PART },
        children: { inner: "inner" },
        httpPrefixes: { inner: "/inner/" },
      },
      inner: { modules: { http: PART } },
    },
  });
  expect(pushed).toMatchObject({ status: 200 });
});

afterAll(() => deployment.remove());

const at = (path: string, init?: RequestInit) =>
  deployment.fetch(`/http${path}`, init);
const textAt = async (path: string, init?: RequestInit) =>
  (await at(path, init)).text();

describe("routes", () => {
  test.each([
    ["/exact", "GET", "exact"],
    ["/", "GET", "root"],
    ["", "GET", "root"],
    ["/api/x", "GET", "api"],
    ["/api/deep/x/y", "GET", "deep"],
    ["/exact", "PUT", "any put"],
    ["/part/mine", "GET", "the app's own"],
  ])("%s %s", async (path, method, expected) => {
    expect(await textAt(path, { method })).toBe(expected);
  });

  test("an unknown path or method is answered 404", async () => {
    for (const [path, method] of [
      ["/other", "GET"],
      ["/exact", "POST"],
      ["/api", "GET"],
      ["/hidden/where", "GET"],
      ["/part", "GET"],
    ] as const) {
      const response = await at(path, { method });
      expect([path, response.status]).toEqual([path, 404]);
      expect(await response.text()).toBe("No matching routes found");
    }
  });

  test("a component answers under its prefix, which stays in the URL but not in its routes", async () => {
    for (const [path, component] of [
      ["/part/where", "part"],
      ["/part/inner/where", "part/inner"],
      ["/part/inner/mine", "part/inner"],
    ]) {
      expect(JSON.parse(await textAt(path!))).toEqual({
        pathname: path,
        identity: null,
        component,
      });
    }
  });

  test("HEAD is GET without the body", async () => {
    const response = await fetch(`${deployment.siteUrl}/bytes`, {
      method: "HEAD",
    });
    expect(response.headers.get("content-type")).toBe("image/png");
    expect(await response.text()).toBe("");
  });

  test("an app without an http.ts has none", async () => {
    const bare = await TestDeployment.open();
    for (const url of [`${bare.url}/http/exact`, `${bare.siteUrl}/exact`]) {
      const response = await fetch(url);
      expect(response.status).toBe(404);
      expect(await response.text()).toBe(
        "This Convex deployment does not have HTTP actions enabled.",
      );
    }
    await bare.remove();
  });
});

describe("requests and responses", () => {
  test("arrive whole, on the site's own port as under /http", async () => {
    const init = { method: "POST", body: "grüße", headers: { "x-mark": "m" } };
    const responses = [
      await fetch(`${deployment.siteUrl}/echo?a=1&b=%20`, init),
      await fetch(`${deployment.url}/http/echo?a=1&b=%20`, init),
      await at("/echo?a=1&b=%20", init),
    ];
    for (const response of responses) {
      expect(response.status).toBe(201);
      expect(await response.json()).toEqual({
        method: "POST",
        url: `${deployment.siteUrl}/echo?a=1&b=%20`,
        mark: "m",
        text: "grüße",
        length: 7,
        isRequest: true,
        identity: null,
        site: deployment.siteUrl,
      });
    }
  });

  test("a path cannot name another host", async () => {
    const response = await fetch(`${deployment.siteUrl}//evil.example/echo`, {
      method: "PUT",
    });
    expect(await response.text()).toBe("any put");
  });

  test("can be bytes, several cookies or an empty body", async () => {
    const response = await fetch(`${deployment.siteUrl}/bytes`);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(
      new Uint8Array([0, 255, 128]),
    );
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect((await at("/bytes")).headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect((await fetch(`${deployment.siteUrl}/nothing`)).status).toBe(204);
    expect((await at("/nothing")).status).toBe(204);
  });

  test("of a preflight are left to the app", async () => {
    const response = await at("/options", {
      method: "OPTIONS",
      headers: { origin: "https://other.example" },
    });
    expect(response.headers.get("access-control-allow-origin")).toBe(
      "https://only.example",
    );
  });

  test("an action can stream, and goes on until its stream ends", async () => {
    const response = await fetch(`${deployment.siteUrl}/stream`);
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    const first = await reader.read();
    expect(decoder.decode(first.value)).toBe("first ");
    await at("/open", { method: "POST" });
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      rest += decoder.decode(value);
    }
    expect(rest).toBe("then LATE");
  });

  test("a client that leaves ends the action, once", async () => {
    const events: unknown[] = [];
    const ended = new Promise<void>((resolve) => {
      stopListening = deployment.inner.onCompletion((event) => {
        events.push(event);
        resolve();
      });
    });
    const leaving = new AbortController();
    const { signal } = leaving;
    const response = await fetch(`${deployment.siteUrl}/endless`, { signal });
    const reader = response.body!.getReader();
    await reader.read();
    leaving.abort();
    await ended;
    // The stream's own read ends too late to report a second end.
    expect(await textAt("/exact")).toBe("exact");
    stopListening();
    expect(events).toMatchObject([
      { path: "GET /endless", ok: true },
      { path: "GET /exact", ok: true },
    ]);
  });

  test("a body over 20 MiB is refused", async () => {
    const body = new Uint8Array(20 * 1024 * 1024 + 1);
    expect((await at("/echo", { method: "POST", body })).status).toBe(413);
  });

  test("a response over 20 MiB breaks off", async () => {
    const response = await at("/large");
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow("more than 20 MiB");
  });

  test("a response that cannot have a body has no length", async () => {
    const { status, headers } = await at("/nothing");
    expect(status).toBe(204);
    expect(headers.get("content-length")).toBeNull();
  });

  test("a method without routes is refused", async () => {
    const request = { method: "PROPFIND" };
    expect((await fetch(`${deployment.siteUrl}/exact`, request)).status).toBe(
      405,
    );
  });
});

describe("an HTTP action", () => {
  test("calls queries, mutations and actions, and its log lines are shown", async () => {
    const events: unknown[] = [];
    const stop = deployment.inner.onCompletion((event) => events.push(event));
    const answer = await textAt("/notes", { method: "POST", body: "one" });
    stop();
    expect(JSON.parse(answer)).toEqual(["ONE"]);
    expect(events.at(-1)).toMatchObject({
      udfType: "HttpAction",
      path: "POST /notes",
      ok: true,
      logLines: ["[LOG] 'noted' 'ONE'"],
    });
  });

  test.each([
    ["/throw", "Uncaught Error: on purpose\n    at "],
    ["/text", "returned no Response"],
  ])("%s answers 500 and says why", async (path, why) => {
    const response = await at(path);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      code: expect.stringMatching(
        /^\[Request ID: [0-9a-f]{16}\] Server Error$/,
      ) as string,
      trace: expect.stringContaining(why) as string,
    });
  });

  test("a ConvexError's data is in the answer", async () => {
    expect(JSON.parse(await textAt("/refuse"))).toMatchObject({
      trace: expect.stringContaining("Uncaught ConvexError") as string,
      data: { why: { $integer: "BwAAAAAAAAA=" } },
    });
  });

  test("a stream that throws breaks the answer off and is a failure in the log", async () => {
    const failed = new Promise((resolve) => {
      const stop = deployment.inner.onCompletion((event) => {
        stop();
        resolve(event);
      });
    });
    const response = await fetch(`${deployment.siteUrl}/broken`);
    await expect(response.text()).rejects.toThrow();
    expect(await failed).toMatchObject({
      ok: false,
      error: expect.stringContaining("half way") as string,
    });
  });
});
