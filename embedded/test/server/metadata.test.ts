import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestDeployment } from "../support/deployment.js";
import { pushed } from "../support/pushes.js";
import { TestIssuer } from "../support/tokens.js";

const META = `
  import { queryGeneric as query, mutationGeneric as mutation, actionGeneric as action, makeFunctionReference, log, componentsGeneric } from "convex/server";
  const fn = (name) => makeFunctionReference(name);
  const components = componentsGeneric();
  const name = async (ctx) => (await ctx.meta.getFunctionMetadata()).name;
  const token = async (ctx) => (await ctx.meta.getRequestMetadata()).authToken;
  export default query({ args: {}, handler: name });
  export const named = mutation({ args: {}, handler: name });
  export const inMutation = mutation({ args: {}, handler: token });
  export const inAction = action({ args: {}, handler: token });
  export const byAction = action({ args: {}, handler: (ctx) => ctx.runMutation(fn("meta:inMutation"), {}) });
  export const inChild = mutation({ args: {}, handler: (ctx) => ctx.runMutation(components.part.lib.token, {}) });
  export const siteUrl = query({ args: {}, handler: async () => process.env.CONVEX_SITE_URL });
  const audit = async () => { await log.audit({ action: "login", nested: { ip: log.vars.ip, list: [1, null] } }); return "logged"; };
  export const auditInQuery = query({ args: {}, handler: audit });
  export const auditInMutation = mutation({ args: {}, handler: audit });
  export const auditInAction = action({ args: {}, handler: audit });
`;
const HTTP = `
  import { httpRouter, httpActionGeneric as httpAction } from "convex/server";
  const http = httpRouter();
  http.route({ path: "/meta", method: "GET", handler: httpAction(async (ctx) => {
    const { name, componentPath } = await ctx.meta.getFunctionMetadata();
    const { authToken } = await ctx.meta.getRequestMetadata();
    return Response.json({ name, componentPath, authToken, siteUrl: process.env.CONVEX_SITE_URL });
  }) });
  export default http;
`;
const PART = `
  import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
  export const token = mutation({ args: {}, handler: async (ctx) => (await ctx.meta.getRequestMetadata()).authToken });
  export const siteUrl = query({ args: {}, handler: async () => process.env.CONVEX_SITE_URL });
`;

let deployment: TestDeployment;
let issuer: TestIssuer;

beforeAll(async () => {
  deployment = await TestDeployment.open();
  issuer = await TestIssuer.create();
  const part = { modules: { lib: PART, http: HTTP } };
  await pushed(deployment, {
    modules: {
      meta: META,
      http: HTTP,
      "auth.config": issuer.authConfig,
    },
    children: { part: "part", quiet: "quiet" },
    httpPrefix: "/app/",
    httpPrefixes: { part: "/part/" },
    components: {
      part: {
        ...part,
        children: { inner: "inner" },
        httpPrefixes: { inner: "/inner/v1/" },
      },
      inner: part,
      quiet: { modules: { lib: PART } },
    },
  });
});

afterAll(() => deployment.remove());

const call = async (kind: string, path: string, token?: string) => {
  const { body } = await deployment.post(
    `/api/${kind}`,
    { path, args: {} },
    token === undefined ? {} : { authorization: `Bearer ${token}` },
  );
  return body as { value?: unknown; errorMessage?: string };
};
const fetchMeta = async (path: string, token?: string) => {
  const response = await fetch(deployment.siteUrl + path, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  return response.status === 200
    ? ((await response.json()) as Record<string, unknown>)
    : response.status;
};

describe("a function is told", () => {
  test("its name, which is the module's in a default export and an HTTP action", async () => {
    expect(await call("query", "meta")).toMatchObject({ value: "meta" });
    expect(await call("query", "meta:default")).toMatchObject({
      value: "meta",
    });
    expect(await call("mutation", "meta:named")).toMatchObject({
      value: "meta:named",
    });
    expect(await fetchMeta("/app/meta")).toMatchObject({
      name: "http",
      componentPath: "",
    });
    expect(await fetchMeta("/part/meta")).toMatchObject({
      name: "http",
      componentPath: "part",
    });
  });

  test("the user's token, in the app alone", async () => {
    const token = await issuer.sign();
    for (const [kind, name] of [
      ["mutation", "inMutation"],
      ["action", "inAction"],
      ["action", "byAction"],
    ] as const) {
      expect(await call(kind, `meta:${name}`, token)).toMatchObject({
        value: token,
      });
      expect(await call(kind, `meta:${name}`)).toMatchObject({ value: null });
    }
    expect(await call("mutation", "meta:inChild", token)).toMatchObject({
      value: null,
    });
    expect(await fetchMeta("/app/meta", token)).toMatchObject({
      authToken: token,
    });
    expect(await fetchMeta("/part/meta", token)).toMatchObject({
      authToken: null,
    });
    const acting = await deployment.post(
      "/api/mutation",
      { path: "meta:inMutation", args: {} },
      {
        authorization: `Convex ${deployment.adminKey}:${Buffer.from(JSON.stringify({ issuer: "i", subject: "s" })).toString("base64")}`,
      },
    );
    expect(acting).toMatchObject({ body: { value: null } });
  });

  test("the URL at which its own routes are", async () => {
    const site = deployment.siteUrl;
    const urlIn = async (componentPath: string, path: string) => {
      const { body } = await deployment.post(
        "/api/function",
        { componentPath, path, args: {} },
        deployment.admin,
      );
      return (body as { value?: unknown }).value;
    };
    // The app's own prefix is no part of its URL, as on Convex.
    expect(await urlIn("", "meta:siteUrl")).toBe(site);
    expect(await urlIn("part", "lib:siteUrl")).toBe(`${site}/part`);
    expect(await urlIn("part/inner", "lib:siteUrl")).toBe(
      `${site}/part/inner/v1`,
    );
    expect(await urlIn("quiet", "lib:siteUrl")).toBe(site);
    expect(await fetchMeta("/part/inner/v1/meta")).toMatchObject({
      siteUrl: `${site}/part/inner/v1`,
    });
  });
});

test("an app's routes are below its prefix, and those of its components beside it", async () => {
  expect(await fetchMeta("/app/meta")).toMatchObject({ name: "http" });
  expect(await fetchMeta("/meta")).toBe(404);
  expect(await fetchMeta("/app/part/meta")).toBe(404);
});

test("audit logs are taken in queries and mutations, and refused in actions", async () => {
  expect(await call("query", "meta:auditInQuery")).toMatchObject({
    value: "logged",
  });
  expect(await call("mutation", "meta:auditInMutation")).toMatchObject({
    value: "logged",
  });
  expect((await call("action", "meta:auditInAction")).errorMessage).toContain(
    "Audit logging is not yet supported in actions",
  );
});
