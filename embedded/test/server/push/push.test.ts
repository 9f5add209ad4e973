import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  TestDeployment,
  pushBody,
  type PushedApp,
} from "../../support/deployment.js";
import {
  finish,
  pushed,
  runningVersion,
  schema,
  start,
  version,
  waitForSchema,
  V1,
} from "../../support/pushes.js";

let deployment: TestDeployment;

beforeEach(async () => {
  deployment = await TestDeployment.open();
});

afterEach(() => deployment.remove());

describe("a push", () => {
  test("puts code, schema and indexes in place, and survives a restart", async () => {
    const { componentDiffs } = await pushed(deployment, V1);
    expect(componentDiffs[""]).toMatchObject({
      diffType: { type: "create" },
      moduleDiff: { added: ["app.js"], removed: [] },
      indexDiff: {
        added_indexes: [{ name: "rows.n", type: "database", fields: ["n"] }],
        removed_indexes: [],
      },
    });
    expect(await runningVersion(deployment)).toBe("one");
    await deployment.close();
    deployment = await TestDeployment.open({ dataDir: deployment.dataDir });
    expect(await runningVersion(deployment)).toBe("one");
    const refused = await deployment.post("/api/mutation", {
      path: "app:add",
      args: { n: "no number" },
    });
    expect(JSON.stringify(refused.body)).toContain("n");
    expect(refused.body).toMatchObject({ status: "error" });
  });

  test("replaces the code only when it is finished", async () => {
    await pushed(deployment, V1);
    const started = await start(deployment, {
      ...V1,
      modules: { app: version("two") },
    });
    expect(await waitForSchema(deployment, started)).toEqual({
      status: 200,
      body: { type: "complete" },
    });
    expect(await runningVersion(deployment)).toBe("one");
    expect(await finish(deployment, started)).toMatchObject({ status: 200 });
    expect(await runningVersion(deployment)).toBe("two");
  });

  test("that is dry changes nothing, even if its finish forgets to say so", async () => {
    const body = { ...(await pushBody(V1)), dryRun: true };
    const { body: started } = await deployment.step("deploy2/start_push", body);
    for (const dryRun of [true, false]) {
      expect(await finish(deployment, started, dryRun)).toMatchObject({
        status: 200,
        body: { componentDiffs: { "": { diffType: { type: "create" } } } },
      });
    }
    expect(await runningVersion(deployment)).toBe("none");
  });

  test("may leave out the app's unchanged modules", async () => {
    await pushed(deployment, {
      modules: { app: version("one"), other: version("other") },
    });
    const { body } = await deployment.step("get_config_hashes", {});
    const { moduleHashes } = body as {
      moduleHashes: { path: string; hash: string; environment: string }[];
    };
    expect(moduleHashes.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["app.js", "other.js"]),
    );
    const push = await pushBody({ modules: { app: version("two") } });
    const app = push["appDefinition"] as Record<string, unknown>;
    app["unchangedModuleHashes"] = moduleHashes
      .filter(({ path }) => path !== "app.js")
      .map(({ path, hash, environment }) => ({
        path,
        environment,
        sha256: hash,
      }));
    const { body: started } = await deployment.step("deploy2/start_push", push);
    expect(await finish(deployment, started)).toMatchObject({ status: 200 });
    expect(await runningVersion(deployment)).toBe("two");
    expect(
      await deployment.post("/api/query", { path: "other:version", args: {} }),
    ).toMatchObject({ body: { value: "other" } });

    app["unchangedModuleHashes"] = [
      { path: "other.js", environment: "isolate", sha256: "0".repeat(64) },
    ];
    expect(await deployment.step("deploy2/start_push", push)).toMatchObject({
      status: 400,
      body: { code: "RaceDetected" },
    });
  });

  test("is refused when another push finished in between", async () => {
    const slow = await start(deployment, { modules: { app: version("slow") } });
    await pushed(deployment, { modules: { app: version("fast") } });
    expect(await waitForSchema(deployment, slow)).toMatchObject({
      body: { type: "raceDetected" },
    });
    expect(await finish(deployment, slow)).toMatchObject({
      status: 400,
      body: { code: "RaceDetected" },
    });
    expect(await runningVersion(deployment)).toBe("fast");
  });
});

describe("a push that fails leaves the running code", () => {
  beforeEach(async () => {
    await pushed(deployment, V1);
    const added = await deployment.post("/api/mutation", {
      path: "app:add",
      args: { n: 1 },
    });
    expect(added.body).toMatchObject({ status: "success" });
  });

  afterEach(async () => {
    expect(await runningVersion(deployment)).toBe("one");
    // The tables are unchanged: the old schema still holds.
    expect(
      await deployment.post("/api/mutation", {
        path: "app:add",
        args: { n: 2 },
      }),
    ).toMatchObject({ body: { status: "success" } });
  });

  test("when stored documents do not match the new schema", async () => {
    const started = await start(deployment, {
      modules: { app: version("two") },
      schema: schema("{ n: v.string() }"),
    });
    const { body } = await waitForSchema(deployment, started);
    expect(body).toMatchObject({ type: "failed", componentPath: "" });
    const { error } = body as { error: string };
    expect(error).toContain('"rows"');
    expect(error).toMatch(/[a-z0-9]{32}/);
    expect(await finish(deployment, started)).toMatchObject({ status: 400 });
  });

  test.each<[string, PushedApp, RegExp]>([
    [
      "a module throws",
      {
        modules: {
          bad: `function fail() { throw new Error("no luck"); }\nfail();`,
        },
      },
      /Failed to analyze bad\.js: Uncaught Error: no luck/,
    ],
    [
      "a cron calls a missing function",
      {
        modules: {
          crons: `
            import { cronJobs, makeFunctionReference } from "convex/server";
            const crons = cronJobs();
            crons.interval("tidy", { hours: 1 }, makeFunctionReference("app:tidy"));
            export default crons;`,
        },
      },
      /The cron job 'tidy' schedules a function that does not exist: app.js:tidy/,
    ],
    [
      "schema.ts exports no schema",
      { modules: {}, schema: "export default 7;" },
      /Default export from schema file isn.t a Convex schema/,
    ],
    [
      "a component is missing",
      { modules: {}, children: { part: "part" } },
      /the app imports the component "part", which the push does not contain/,
    ],
    [
      "components use each other in a circle",
      {
        children: { a: "a" },
        components: {
          a: { children: { b: "b" } },
          b: { children: { a: "a" } },
        },
      },
      /circle: the app → "a" → "b" → "a"/,
    ],
    [
      "a declared variable is not set",
      {
        modules: {},
        envVars: [["TOKEN", { type: "value", value: '{"type":"string"}' }]],
      },
      /are not set: TOKEN\./,
    ],
  ])("when %s", async (_what, app, message) => {
    const answer = await deployment.push(app);
    expect(answer).toMatchObject({ status: 400 });
    expect((answer.body as { message: string }).message).toMatch(message);
  });

  test.each([
    ["appDefinition", 7],
    ["componentDefinitions", {}],
    ["dryRun", "no"],
    ["functions", null],
    ["nodeDependencies", [{ name: "sharp", version: "1" }]],
  ])("when its %s is %j", async (key, value) => {
    const body = { ...(await pushBody(V1)), [key]: value };
    expect(await deployment.step("deploy2/start_push", body)).toMatchObject({
      status: 400,
    });
  });

  test.each([
    ["../up.js", "", "InvalidPushRequest", /module path/],
    ["a b.js", "", "InvalidPushRequest", /module path/],
    ["a//b.js", "", "InvalidPushRequest", /module path/],
    ["", "", "InvalidPushRequest", /module path/],
    ["bad.js", "export const = 1;", "InvalidModules", /bad\.js/],
    ["bad.js", 'import "./missing.js";', "InvalidModules", /missing\.js/],
    ["bad.js", 'import "node:fs";', "InvalidModules", /"use node"/],
  ])("when module %j holds %j", async (modulePath, source, code, message) => {
    const body = await pushBody({});
    (body["appDefinition"] as Record<string, unknown>)["changedModules"] = [
      { path: modulePath, source, environment: "isolate" },
    ];
    const answer = await deployment.step("deploy2/start_push", body);
    expect(answer).toMatchObject({ status: 400, body: { code } });
    expect((answer.body as { message: string }).message).toMatch(message);
  });
});
