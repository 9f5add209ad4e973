import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestDeployment } from "../../support/deployment.js";
import { finish, pushed, start, V1 } from "../../support/pushes.js";

let deployment: TestDeployment;

beforeEach(async () => {
  deployment = await TestDeployment.open();
});

afterEach(() => deployment.remove());

describe("environment variables", () => {
  const READ = `
    import { queryGeneric } from "convex/server";
    export const read = queryGeneric({ handler: async () => [process.env.TOKEN ?? null, process.env.CONVEX_CLOUD_URL] });
  `;
  const read = async () => {
    const { body } = await deployment.post("/api/query", {
      path: "env:read",
      args: {},
    });
    return (body as { value?: unknown }).value;
  };
  const set = (...changes: unknown[]) =>
    deployment.post(
      "/api/update_environment_variables",
      { changes },
      deployment.admin,
    );

  test("reach functions at once, survive a restart, and can be removed", async () => {
    await pushed(deployment, { modules: { env: READ } });
    expect(await read()).toEqual([null, deployment.url]);
    expect(await set({ name: "TOKEN", value: "t" })).toEqual({
      status: 200,
      body: undefined,
    });
    expect(await read()).toEqual(["t", deployment.url]);
    await deployment.close();
    deployment = await TestDeployment.open({ dataDir: deployment.dataDir });
    expect(await read()).toEqual(["t", deployment.url]);
    await set({ name: "TOKEN", value: null });
    expect(await read()).toEqual([null, deployment.url]);
  });

  test.each([
    [{ name: "1A", value: "" }, "EnvVarNameInvalid"],
    [{ name: "A".repeat(41), value: "" }, "EnvVarNameInvalid"],
    [{ name: "__proto__ ", value: "" }, "EnvVarNameInvalid"],
    [{ name: "CONVEX_CLOUD_URL", value: "" }, "EnvVarNameForbidden"],
    [{ name: "A", value: 7 }, "EnvVarValueInvalid"],
    [{ name: "A", value: "x".repeat(8_193) }, "EnvVarValueInvalid"],
    [7, "EnvVarNameInvalid"],
  ])(
    "%j is refused as %s, with every change beside it",
    async (change, code) => {
      expect(await set({ name: "TOKEN", value: "t" }, change)).toMatchObject({
        status: 400,
        body: { code },
      });
      await pushed(deployment, { modules: { env: READ } });
      expect(await read()).toEqual([null, deployment.url]);
    },
  );

  test("are read again by auth.config, and those that it needs stay", async () => {
    const providers = async () => {
      const path = "_system/frontend/listAuthProviders";
      const call = { path, args: {} };
      const answer = await deployment.post(
        "/api/query",
        call,
        deployment.admin,
      );
      return (answer.body as { value: { domain: string }[] }).value;
    };
    const config = `export default { providers: [{ domain: process.env.ISSUER, applicationID: "a" }] };`;
    await set({ name: "ISSUER", value: "https://one.example" });
    await pushed(deployment, { modules: { "auth.config": config } });
    expect(await providers()).toMatchObject([
      { domain: "https://one.example" },
    ]);
    await set({ name: "ISSUER", value: "https://two.example" });
    expect(await providers()).toMatchObject([
      { domain: "https://two.example" },
    ]);
    expect(await set({ name: "ISSUER", value: null })).toMatchObject({
      status: 400,
      body: { code: "AuthConfigMissingEnvironmentVariable" },
    });
    await deployment.close();
    deployment = await TestDeployment.open({ dataDir: deployment.dataDir });
    expect(await providers()).toMatchObject([
      { domain: "https://two.example" },
    ]);
  });

  test("that the app declares and needs stay", async () => {
    await set({ name: "TOKEN", value: "t" }, { name: "OTHER", value: "o" });
    const value = JSON.stringify({ type: "string" });
    await pushed(deployment, {
      modules: { env: READ },
      envVars: [["TOKEN", { type: "value", value }]],
    });
    expect(
      await set({ name: "OTHER", value: null }, { name: "TOKEN", value: null }),
    ).toMatchObject({
      status: 400,
      body: { code: "RequiredEnvironmentVariable" },
    });
    expect(await read()).toEqual(["t", deployment.url]);
    expect(await set({ name: "OTHER", value: null })).toMatchObject({
      status: 200,
    });
  });

  test("changed during a push make its finish fail, so that the CLI starts over", async () => {
    const started = await start(deployment, V1);
    await set({ name: "TOKEN", value: "t" });
    expect(await finish(deployment, started)).toMatchObject({
      body: { code: "RaceDetected" },
    });
  });
});
