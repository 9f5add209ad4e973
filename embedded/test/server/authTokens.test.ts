import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestDeployment, pushBody } from "../support/deployment.js";
import { TestIssuer, type TokenOptions } from "../support/tokens.js";

const WHO = `
  import { queryGeneric as query, mutationGeneric as mutation, actionGeneric as action, internalQueryGeneric, makeFunctionReference } from "convex/server";
  const identity = (ctx) => ctx.auth.getUserIdentity();
  export const asked = query({ handler: identity });
  export const inMutation = mutation({ handler: identity });
  export const inAction = action({ handler: identity });
  export const byAction = action({ handler: (ctx) => ctx.runQuery(makeFunctionReference("who:asked"), {}) });
  export const byMutation = mutation({ handler: (ctx) => ctx.runQuery(makeFunctionReference("who:asked"), {}) });
  const child = { [Symbol.for("toReferencePath")]: "_reference/childComponent/part/who/asked" };
  export const childByMutation = mutation({ handler: (ctx) => ctx.runQuery(child, {}) });
  export const childByAction = action({ handler: (ctx) => ctx.runQuery(child, {}) });
  export const hidden = internalQueryGeneric({ handler: identity });
  export const later = mutation({ handler: (ctx) => ctx.scheduler.runAfter(0, makeFunctionReference("who:logged"), {}) });
  export const logged = mutation({ handler: async (ctx) => { console.log(await identity(ctx)); } });
`;

const HTTP = `
  import { httpRouter, httpActionGeneric as httpAction, makeFunctionReference } from "convex/server";
  const http = httpRouter();
  const handler = httpAction(async (ctx) => Response.json([
    await ctx.auth.getUserIdentity(), await ctx.runQuery(makeFunctionReference("who:asked"), {}),
  ]));
  http.route({ path: "/who", method: "GET", handler });
  const serve = (path, text) => http.route({ path, method: "GET", handler: httpAction(async () => new Response(text())) });
  serve("/.well-known/openid-configuration", () => JSON.stringify({
    issuer: process.env.CONVEX_SITE_URL, jwks_uri: process.env.CONVEX_SITE_URL + "/keys",
  }));
  serve("/keys", () => process.env.KEYS);
  export default http;
`;

const AUTH_CONFIG = `
  const custom = { type: "customJwt", issuer: process.env.ISSUER, jwks: process.env.JWKS, algorithm: "RS256" };
  export default { providers: [
    { ...custom, applicationID: "app" },
    { ...custom, applicationID: undefined, issuer: "https://any-audience.example" },
    { ...custom, applicationID: "broken", issuer: "https://broken.example", jwks: "data:application/json,oops" },
    { domain: process.env.CONVEX_SITE_URL, applicationID: "oidc-app" },
  ] };
`;

let deployment: TestDeployment;
let issuer: TestIssuer;

beforeAll(async () => {
  deployment = await TestDeployment.open();
  issuer = await TestIssuer.create();
  await setEnvironment({
    ISSUER: issuer.issuer,
    JWKS: issuer.jwks.slice(0, 8_192),
    KEYS: JSON.stringify(issuer.keySet),
  });
  const pushed = await deployment.push({
    modules: { who: WHO, http: HTTP, "auth.config": AUTH_CONFIG },
    children: { part: "part" },
    components: { part: { modules: { who: WHO } } },
  });
  expect(pushed).toMatchObject({ status: 200 });
});

afterAll(() => deployment.remove());

async function setEnvironment(values: Record<string, string>): Promise<void> {
  const changes = Object.entries(values).map(([name, value]) => ({
    name,
    value,
  }));
  const answer = await deployment.post(
    "/api/update_environment_variables",
    { changes },
    deployment.admin,
  );
  expect(answer.status).toBe(200);
}

function call(kind: string, path: string, authorization: string) {
  return deployment.post(`/api/${kind}`, { path, args: {} }, { authorization });
}

async function identityOf(token: string): Promise<unknown> {
  const { body } = await call("query", "who:asked", `Bearer ${token}`);
  return (body as { value: unknown }).value;
}

const USER = {
  tokenIdentifier: "https://issuer.example|user-1",
  subject: "user-1",
  issuer: "https://issuer.example",
};

describe("a good token", () => {
  test.each([
    ["query", "who:asked"],
    ["mutation", "who:inMutation"],
    ["action", "who:inAction"],
    ["action", "who:byAction"],
    ["mutation", "who:byMutation"],
  ])("%s %s is told whose it is", async (kind, path) => {
    const answer = await call(kind, path, `Bearer ${await issuer.sign()}`);
    expect(answer).toMatchObject({ status: 200, body: { value: USER } });
  });

  test("components and scheduled functions get no identity", async () => {
    const bearer = `Bearer ${await issuer.sign()}`;
    for (const [kind, path] of [
      ["mutation", "who:childByMutation"],
      ["action", "who:childByAction"],
    ] as const) {
      const { body } = await call(kind, path, bearer);
      expect(body).toMatchObject({ status: "success", value: null });
    }
    const ran = new Promise((resolve) => {
      deployment.inner.onCompletion((event) => {
        if (event.path === "who.js:logged") resolve(event.logLines);
      });
    });
    expect((await call("mutation", "who:later", bearer)).status).toBe(200);
    expect(await ran).toEqual(["[LOG] null"]);
  });

  test("claims have their own names, and none replaces a verified field", async () => {
    const token = await issuer.sign({
      claims: {
        name: "Ada",
        email_verified: true,
        emailVerified: false,
        updated_at: 0,
        role: "admin",
        tokenIdentifier: "https://issuer.example|someone-else",
        subject: "someone-else",
        fva: [1, 2],
        app: { plan: "pro", seats: [1, 2], fva: 1, more: { deep: null } },
      },
    });
    expect(await identityOf(token)).toEqual({
      ...USER,
      name: "Ada",
      email_verified: true,
      emailVerified: false,
      updated_at: 0,
      role: "admin",
      "app.plan": "pro",
      "app.seats": [1, 2],
      "app.fva": 1,
      "app.more.deep": null,
    });
  });

  test("may have several audiences, and any when the provider names none", async () => {
    const several = await issuer.sign({ audience: ["other", "app"] });
    expect(await identityOf(several)).toEqual(USER);
    const any = await issuer.sign({
      issuer: "https://any-audience.example",
      audience: "whatever",
    });
    expect(await identityOf(any)).toMatchObject({ subject: "user-1" });
  });

  test("of an OIDC provider is verified with the keys found by discovery", async () => {
    const token = await issuer.sign({
      issuer: deployment.siteUrl,
      audience: "oidc-app",
      claims: {
        org: { id: 7 },
        picture: "https://a.example/p.png",
        emailVerified: false,
        email_verified: true,
        updated_at: 1.5,
        address: { formatted: "1 Street\nTown", country: "X" },
        ...{ fva: [1, 2], azp: "client", nonce: "n", auth_time: 1, sid: "s" },
      },
    });
    expect(await identityOf(token)).toEqual({
      tokenIdentifier: `${deployment.siteUrl}|user-1`,
      subject: "user-1",
      issuer: deployment.siteUrl,
      org: { id: 7 },
      pictureUrl: "https://a.example/p.png",
      emailVerified: true,
      updatedAt: "1970-01-01T00:00:01.500+00:00",
      address: "1 Street\nTown",
      sid: "s",
    });
  });

  test("allows public functions only", async () => {
    const bearer = `Bearer ${await issuer.sign()}`;
    expect((await call("query", "who:hidden", bearer)).body).toMatchObject({
      errorMessage: expect.stringContaining(
        "Could not find public function",
      ) as string,
    });
    expect((await call("function", "who:asked", bearer)).status).toBe(401);
  });
});

describe("a bad token", () => {
  const encode = (value: unknown) =>
    Buffer.from(JSON.stringify(value)).toString("base64url");
  const inAnHour = Math.floor(Date.now() / 1_000) + 3_600;
  const claims = {
    iss: "https://issuer.example",
    aud: "app",
    sub: "user-1",
    exp: inAnHour,
  };
  const signed = (options: TokenOptions) => () => issuer.sign(options);

  const bad: [string, () => Promise<string> | string, string, RegExp][] = [
    [
      "expired",
      signed({ expiresInS: -60 }),
      "Unauthenticated",
      /expired at 20\d\d-/,
    ],
    [
      "not valid yet",
      signed({ notBeforeInS: 60 }),
      "Unauthenticated",
      /"nbf" claim/,
    ],
    [
      "for another audience",
      signed({ audience: "other" }),
      "NoAuthProvider",
      /audience "other".*applicationID app/,
    ],
    [
      "of another issuer",
      signed({ issuer: "https://evil.example" }),
      "NoAuthProvider",
      /issuer "https:\/\/evil.example"/,
    ],
    [
      "signed with another key",
      async () => (await TestIssuer.create()).sign(),
      "Unauthenticated",
      /signature verification failed/,
    ],
    [
      "altered",
      async () => {
        const [head, , signature] = (await issuer.sign()).split(".");
        return `${head}.${encode({ ...claims, role: "admin" })}.${signature}`;
      },
      "Unauthenticated",
      /signature verification failed/,
    ],
    [
      "signed by nobody",
      () => `${encode({ alg: "none" })}.${encode(claims)}.`,
      "Unauthenticated",
      /another algorithm/,
    ],
    [
      "signed with a shared secret",
      () => `${encode({ alg: "HS256" })}.${encode(claims)}.c2ln`,
      "Unauthenticated",
      /another algorithm/,
    ],
    [
      "without an expiry",
      signed({ expiresInS: null }),
      "Unauthenticated",
      /exp/,
    ],
    ["garbage", () => "garbage", "InvalidAuthHeader", /not a JWT/],
    ["three dots", () => "...", "InvalidAuthHeader", /not a JWT/],
    [
      "without an issuer",
      () => `${encode({ alg: "RS256" })}.${encode({ sub: "u" })}.c2ln`,
      "InvalidAuthHeader",
      /no issuer/,
    ],
  ];

  test.each(bad)("%s", async (_what, make, code, message) => {
    const bearer = `Bearer ${await make()}`;
    for (const kind of ["query", "mutation", "action"]) {
      expect(await call(kind, "who:asked", bearer)).toMatchObject({
        status: 401,
        body: { code, message: expect.stringMatching(message) as string },
      });
    }
    const viaHttp = await deployment.fetch("/http/who", {
      headers: { authorization: bearer },
    });
    expect(await viaHttp.json()).toEqual([null, null]);
  });

  test("a token whose provider's keys cannot be loaded is answered 503", async () => {
    const token = await issuer.sign({
      issuer: "https://broken.example",
      audience: "broken",
    });
    expect(await call("query", "who:asked", `Bearer ${token}`)).toMatchObject({
      status: 503,
      body: { code: "AuthProviderDiscoveryFailed" },
    });
  });
});

describe("other identities", () => {
  const actAs = (identity: unknown) =>
    `${deployment.admin["authorization"]}:${Buffer.from(JSON.stringify(identity)).toString("base64")}`;

  test("an administrator acts as any user", async () => {
    const ada = { subject: "ada", issuer: "https://i.example", name: "Ada é" };
    const { body } = await call("query", "who:asked", actAs(ada));
    expect(body).toMatchObject({
      value: { ...ada, tokenIdentifier: "https://i.example|ada" },
    });
    const chosen = { ...ada, tokenIdentifier: "chosen" };
    expect(
      (await call("query", "who:asked", actAs(chosen))).body,
    ).toMatchObject({ value: chosen });
  });

  test("an administrator who acts as no user has no identity", async () => {
    const authorization = deployment.admin["authorization"]!;
    const { body } = await call("query", "who:asked", authorization);
    expect(body).toMatchObject({ value: null });
  });

  test("HTTP actions and the functions they call have the user's identity", async () => {
    for (const authorization of [
      `Bearer ${await issuer.sign()}`,
      actAs(USER),
    ]) {
      const response = await deployment.fetch("/http/who", {
        headers: { authorization },
      });
      expect(await response.json()).toEqual([USER, USER]);
    }
    const other = await deployment.fetch("/http/who", {
      headers: { authorization: "Basic dTpw" },
    });
    expect(await other.json()).toEqual([null, null]);
  });
});

describe("auth.config", () => {
  const start = async (authConfig: string) =>
    deployment.step(
      "deploy2/start_push",
      await pushBody({ modules: { "auth.config": authConfig } }),
    );

  test.each([
    ["export default 7;", "InvalidAuthConfig", "array of providers"],
    [
      "export default { providers: [{}] };",
      "InvalidAuthConfig",
      "domain must be a string",
    ],
    [
      'export default { providers: [{ type: "saml" }] };',
      "InvalidAuthConfig",
      '"saml"',
    ],
    [
      'export default { providers: [{ type: "customJwt", issuer: "https://i", jwks: "file:///etc/passwd", algorithm: "RS256" }] };',
      "InvalidAuthConfig",
      "http(s) or data: URL",
    ],
    [
      'export default { providers: [{ type: "customJwt", issuer: "https://i", jwks: "https://i/k", algorithm: "HS256" }] };',
      "InvalidAuthConfig",
      '"HS256"',
    ],
    [
      'export default { providers: [{ domain: process.env.NOT_SET, applicationID: "a" }] };',
      "AuthConfigMissingEnvironmentVariable",
      "Environment variable NOT_SET is used in auth config file",
    ],
    ["throw new Error('broken');", "InvalidModules", "broken"],
  ])("%s is refused", async (source, code, message) => {
    expect(await start(source)).toMatchObject({
      status: 400,
      body: { code, message: expect.stringContaining(message) as string },
    });
  });

  test("is shown to the CLI, with environment variables resolved", async () => {
    const { body } = await start(AUTH_CONFIG);
    expect((body as { appAuth: unknown[] }).appAuth).toHaveLength(4);
    expect(body).toMatchObject({
      appAuth: expect.arrayContaining([
        { domain: deployment.siteUrl, applicationID: "oidc-app" },
      ]) as unknown,
    });
  });

  test("survives a restart; a push without it trusts no provider", async () => {
    const first = await TestDeployment.open();
    const modules = { who: WHO };
    await first.push({
      modules: { ...modules, "auth.config": issuer.authConfig },
    });
    await first.close();
    const second = await TestDeployment.open({ dataDir: first.dataDir });
    const ask = async () =>
      second.post(
        "/api/query",
        { path: "who:asked", args: {} },
        { authorization: `Bearer ${await issuer.sign()}` },
      );
    expect(await ask()).toMatchObject({ body: { value: USER } });
    const pushed = await second.push({ modules });
    expect(pushed.body).toMatchObject({
      authDiff: {
        added: [],
        removed: [expect.stringContaining(USER.issuer) as string],
      },
    });
    expect(await ask()).toMatchObject({
      status: 401,
      body: {
        code: "NoAuthProvider",
        message: expect.stringContaining("configures none") as string,
      },
    });
    await second.remove();
  });
});
