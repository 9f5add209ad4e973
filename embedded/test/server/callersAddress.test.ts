/** Where a call comes from, as functions see it: `ctx.meta.getRequestMetadata()`. */
import { ConvexClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { TestDeployment } from "../support/deployment.js";

const CALLS = `
  import { mutationGeneric, actionGeneric, makeFunctionReference, createFunctionHandle, componentsGeneric } from "convex/server";
  export const ip = mutationGeneric({ handler: async (ctx) => (await ctx.meta.getRequestMetadata()).ip });
  export const within = mutationGeneric({ handler: (ctx) => ctx.runMutation(componentsGeneric().part.lib.ip, {}) });
  export const byAction = actionGeneric({ handler: (ctx) => ctx.runMutation(makeFunctionReference("calls:ip"), {}) });
`;
const HTTP = `
  import { httpRouter, httpActionGeneric, makeFunctionReference } from "convex/server";
  const http = httpRouter();
  http.route({ path: "/ip", method: "POST", handler: httpActionGeneric(async (ctx) =>
    Response.json({ ip: await ctx.runMutation(makeFunctionReference("calls:ip"), {}) })) });
  export default http;
`;
const COMPONENT = `
  import { mutationGeneric } from "convex/server";
  export const ip = mutationGeneric({ handler: async (ctx) => (await ctx.meta.getRequestMetadata()).ip });
`;

let deployment: TestDeployment;

beforeAll(async () => {
  deployment = await TestDeployment.open();
  const pushed = await deployment.push({
    modules: { calls: CALLS, http: HTTP },
    children: { part: "part" },
    components: { part: { modules: { lib: COMPONENT } } },
  });
  expect(pushed.status).toBe(200);
});

afterAll(() => deployment.remove());

async function post(target: string, path: string) {
  const response = await fetch(`${deployment.url}${target}`, {
    method: "POST",
    // What anybody can send says nothing of where a call comes from.
    headers: {
      "content-type": "application/json",
      "x-forwarded-for": "192.0.2.1",
    },
    body: JSON.stringify({ path, args: {} }),
  });
  return (await response.json()) as { value?: unknown; ip?: unknown };
}

test.each([
  ["/api/mutation", "calls:ip"],
  ["/api/mutation", "calls:within"],
  ["/api/action", "calls:byAction"],
])("is the address of the connection, for %s of %s", async (target, path) => {
  expect((await post(target, path)).value).toBe("127.0.0.1");
});

test("is the address of the connection for an HTTP action", async () => {
  expect((await post("/http/ip", "")).ip).toBe("127.0.0.1");
});

test("is the address of the WebSocket", async () => {
  const client = new ConvexClient(deployment.url, {
    webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
    logger: false,
  });
  try {
    const ip = makeFunctionReference<"mutation">("calls:within");
    expect(await client.mutation(ip, {})).toBe("127.0.0.1");
  } finally {
    await client.close();
  }
});
