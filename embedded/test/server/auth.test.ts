import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestDeployment } from "../support/deployment.js";

const FUNCTIONS = `
  import { queryGeneric, internalQueryGeneric } from "convex/server";
  export const open = queryGeneric({ handler: async () => "open" });
  export const hidden = internalQueryGeneric({ handler: async () => "hidden" });
`;

let deployment: TestDeployment;

beforeAll(async () => {
  deployment = await TestDeployment.open();
  const pushed = await deployment.push({
    modules: { f: FUNCTIONS },
    children: { part: "part" },
    components: { part: { modules: { f: FUNCTIONS } } },
  });
  expect(pushed.status).toBe(200);
});

afterAll(() => deployment.remove());

function query(
  target: string,
  body: Record<string, unknown>,
  authorization?: string,
) {
  return deployment.post(
    target,
    { args: {}, ...body },
    authorization === undefined ? {} : { authorization },
  );
}

const admin = () => `Convex ${deployment.adminKey}`;
const acting = () =>
  `${admin()}:${Buffer.from(JSON.stringify({ subject: "u", issuer: "https://i" })).toString("base64")}`;

describe("the admin key's file", () => {
  test("holds a random key that only its owner can read", async () => {
    const file = path.join(deployment.dataDir, "admin-key");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, "utf8")).toBe(`${deployment.adminKey}\n`);
    const [, secret = ""] = deployment.adminKey.split("|");
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(deployment.adminKey).not.toContain(":");
  });

  test("keeps the key over restarts, and others lose access to it", async () => {
    const first = await TestDeployment.open();
    const { adminKey, dataDir } = first;
    await first.close();
    await chmod(path.join(dataDir, "admin-key"), 0o644);
    const second = await TestDeployment.open({ dataDir });
    expect(second.adminKey).toBe(adminKey);
    const { mode } = await stat(path.join(dataDir, "admin-key"));
    expect(mode & 0o777).toBe(0o600);
    await second.remove();
  });

  test("gets a new key when a crash left it empty", async () => {
    const first = await TestDeployment.open();
    const { dataDir } = first;
    await first.close();
    await writeFile(path.join(dataDir, "admin-key"), "");
    const second = await TestDeployment.open({ dataDir });
    expect(second.adminKey).toMatch(/^embedded\|[0-9a-f]{64}$/);
    expect(await readFile(path.join(dataDir, "admin-key"), "utf8")).toBe(
      `${second.adminKey}\n`,
    );
    await second.remove();
  });

  test("stores a given key, unless a header cannot carry it", async () => {
    const given = await TestDeployment.open({
      adminKey: "a-key-of-my-own" + 1,
    });
    const file = path.join(given.dataDir, "admin-key");
    expect(await readFile(file, "utf8")).toBe("a-key-of-my-own1\n");
    await given.remove();
    for (const adminKey of [
      "short",
      "has:colon:0123456789",
      "has space 0123456789",
    ]) {
      await expect(TestDeployment.open({ adminKey })).rejects.toMatchObject({
        code: "invalidArgument",
      });
    }
  });
});

describe("who may call what", () => {
  const forbidden = { status: 403, body: { code: "ComponentNotAllowed" } };
  const missing = {
    status: 200,
    body: {
      status: "error",
      errorMessage: expect.stringContaining(
        "Could not find public function",
      ) as string,
    },
  };
  const value = (text: string) => ({
    status: 200,
    body: { status: "success", value: text },
  });

  test("without the key: public functions of the app", async () => {
    expect(
      await query("/api/query", { path: "f:open", args: {} }),
    ).toMatchObject(value("open"));
    expect(
      await query("/api/query", { path: "f:hidden", args: {} }),
    ).toMatchObject(missing);
    expect(
      await query("/api/query", {
        path: "f:open",
        componentPath: "part",
        args: {},
      }),
    ).toMatchObject(forbidden);
    for (const componentPath of ["", null, "part"]) {
      expect(
        await query("/api/function", {
          path: "f:open",
          componentPath,
          args: {},
        }),
      ).toMatchObject({ status: 401, body: { code: "Unauthenticated" } });
    }
  });

  test("with the key: everything", async () => {
    for (const target of ["/api/query", "/api/function"]) {
      for (const componentPath of ["", "part"]) {
        for (const name of ["open", "hidden"]) {
          expect(
            await query(target, { path: `f:${name}`, componentPath }, admin()),
          ).toMatchObject(value(name));
        }
      }
    }
  });

  test("with the key, acting as a user: public functions of the app", async () => {
    expect(
      await query("/api/function", { path: "f:open", args: {} }, acting()),
    ).toMatchObject(value("open"));
    expect(
      await query("/api/function", { path: "f:hidden", args: {} }, acting()),
    ).toMatchObject(missing);
    expect(
      await query(
        "/api/function",
        { path: "f:open", componentPath: "part", args: {} },
        acting(),
      ),
    ).toMatchObject(forbidden);
  });

  const asNobody = () =>
    `${admin()}:${Buffer.from(JSON.stringify({ subject: "u" })).toString("base64")}`;

  test.each([
    ["a wrong key", () => "Convex wrong", 403, "BadAdminKey"],
    ["an empty key", () => "Convex :e30=", 403, "BadAdminKey"],
    ["acting as nobody in particular", asNobody, 400, "BadActingIdentity"],
  ])(
    "%s is refused even where none is needed",
    async (_what, header, status, code) => {
      for (const target of ["/api/query", "/api/function"]) {
        expect(
          await query(target, { path: "f:open", args: {} }, header()),
        ).toMatchObject({ status, body: { code } });
      }
    },
  );

  test.each([
    ["a user's token", "Bearer e30.e30.e30"],
    ["another scheme", "Basic dTpw"],
    ["no scheme", "whatever"],
  ])(
    "%s that cannot be verified is refused, and is no key",
    async (_what, header) => {
      for (const [target, code] of [
        ["/api/query", "InvalidAuthHeader"],
        ["/api/function", "Unauthenticated"],
      ] as const) {
        expect(
          await query(target, { path: "f:open", args: {} }, header),
        ).toMatchObject({
          status: 401,
          body: { code },
        });
      }
    },
  );
});

describe("the key guards administration", () => {
  const steps = [
    "/api/get_config_hashes",
    "/api/deploy2/evaluate_schema",
    "/api/deploy2/start_push",
    "/api/deploy2/wait_for_schema",
    "/api/deploy2/finish_push",
    "/api/deploy2/report_push_completed",
  ];

  test.each(steps)("POST %s", async (target) => {
    for (const key of [":", "wrong", `${deployment.adminKey}x`]) {
      const headers = { authorization: `Convex ${key}` };
      expect(await deployment.post(target, {}, headers)).toMatchObject({
        status: 403,
        body: { code: "BadAdminKey" },
      });
    }
    // The body is not looked at before the key.
    const { adminKey } = deployment;
    expect(await deployment.post(target, { adminKey })).toMatchObject({
      status: 401,
      body: { code: "Unauthenticated" },
    });
  });

  test.each([
    ["POST", "/api/update_environment_variables"],
    ["GET", "/api/v1/get_canonical_urls"],
    ["GET", "/api/stream_function_logs?cursor=0"],
  ])("%s %s", async (method, target) => {
    expect((await deployment.fetch(target, { method })).status).toBe(401);
  });

  test("no answer and no log line shows the key", async () => {
    const key = deployment.adminKey;
    const answers = await Promise.all([
      query("/api/query", { path: key, args: {} }),
      query("/api/function", { path: "f:none", args: {} }, admin()),
      deployment.step("deploy2/start_push", { appDefinition: 7 }),
      deployment.step("deploy2/finish_push", {}),
      deployment.post("/api/query", {}, { authorization: `Basic ${key}` }),
    ]);
    // The first answer echoes the path its caller sent; no other may contain it.
    expect(JSON.stringify(answers.slice(1))).not.toContain(key);
    expect(deployment.logged.join("\n")).not.toContain(key);
  });
});
