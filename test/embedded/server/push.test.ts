import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  TestDeployment,
  pushBody,
  type PushedApp,
} from "../support/deployment.js";

let deployment: TestDeployment;

beforeEach(async () => {
  deployment = await TestDeployment.open();
});

afterEach(() => deployment.remove());

const version = (text: string) => `
  import { queryGeneric, mutationGeneric } from "convex/server";
  export const version = queryGeneric({ handler: async () => "${text}" });
  export const add = mutationGeneric({ handler: async (ctx, row) => ctx.db.insert("rows", row) });
`;

const schema = (fields: string, indexes = "") => `
  import { defineSchema, defineTable } from "convex/server";
  import { v } from "convex/values";
  export default defineSchema({ rows: defineTable(${fields})${indexes} });
`;

const V1: PushedApp = {
  modules: { app: version("one") },
  schema: schema("{ n: v.number() }", '.index("n", ["n"])'),
};

async function runningVersion(): Promise<unknown> {
  const { body } = await deployment.post("/api/query", { path: "app:version" });
  return (body as { value?: unknown; errorMessage?: string }).value ?? "none";
}

async function pushed(app: PushedApp): Promise<Diff> {
  const answer = await deployment.push(app);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body as Diff;
}

interface Diff {
  componentDiffs: Record<
    string,
    {
      diffType: { type: string };
      moduleDiff: { added: string[]; removed: string[] };
      indexDiff: { added_indexes: unknown[]; removed_indexes: unknown[] };
      cronDiff: { added: string[]; updated: string[]; deleted: string[] };
    }
  >;
}

async function start(app: PushedApp): Promise<{
  schemaChange: { indexDiffs: Record<string, unknown> };
  analysis: Record<string, unknown>;
}> {
  const answer = await deployment.step(
    "deploy2/start_push",
    await pushBody(app),
  );
  expect(answer).toMatchObject({ status: 200 });
  return answer.body as Awaited<ReturnType<typeof start>>;
}

const finish = (startPush: unknown, dryRun = false) =>
  deployment.step("deploy2/finish_push", { startPush, dryRun });

const waitForSchema = ({ schemaChange }: { schemaChange: unknown }) =>
  deployment.step("deploy2/wait_for_schema", { schemaChange });

describe("a push", () => {
  test("puts code, schema and indexes in place, and survives a restart", async () => {
    const { componentDiffs } = await pushed(V1);
    expect(componentDiffs[""]).toMatchObject({
      diffType: { type: "create" },
      moduleDiff: { added: ["app.js"], removed: [] },
      indexDiff: {
        added_indexes: [{ name: "rows.n", type: "database", fields: ["n"] }],
        removed_indexes: [],
      },
    });
    expect(await runningVersion()).toBe("one");
    await deployment.close();
    deployment = await TestDeployment.open({ dataDir: deployment.dataDir });
    expect(await runningVersion()).toBe("one");
    const refused = await deployment.post("/api/mutation", {
      path: "app:add",
      args: { n: "no number" },
    });
    expect(JSON.stringify(refused.body)).toContain("n");
    expect(refused.body).toMatchObject({ status: "error" });
  });

  test("replaces the code only when it is finished", async () => {
    await pushed(V1);
    const started = await start({ ...V1, modules: { app: version("two") } });
    expect(await waitForSchema(started)).toEqual({
      status: 200,
      body: { type: "complete" },
    });
    expect(await runningVersion()).toBe("one");
    expect(await finish(started)).toMatchObject({ status: 200 });
    expect(await runningVersion()).toBe("two");
  });

  test("that is dry changes nothing, even if its finish forgets to say so", async () => {
    const body = { ...(await pushBody(V1)), dryRun: true };
    const { body: started } = await deployment.step("deploy2/start_push", body);
    for (const dryRun of [true, false]) {
      expect(await finish(started, dryRun)).toMatchObject({
        status: 200,
        body: { componentDiffs: { "": { diffType: { type: "create" } } } },
      });
    }
    expect(await runningVersion()).toBe("none");
  });

  test("may leave out the app's unchanged modules", async () => {
    await pushed({ modules: { app: version("one"), other: version("other") } });
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
    expect(await finish(started)).toMatchObject({ status: 200 });
    expect(await runningVersion()).toBe("two");
    expect(
      await deployment.post("/api/query", { path: "other:version" }),
    ).toMatchObject({ body: { value: "other" } });

    app["unchangedModuleHashes"] = [
      { path: "other.js", environment: "isolate", sha256: "0".repeat(64) },
    ];
    expect(await deployment.step("deploy2/start_push", push)).toMatchObject({
      status: 400,
      body: { code: "RaceDetected" },
    });
  });

  test("loses to another that finished in between", async () => {
    const slow = await start({ modules: { app: version("slow") } });
    await pushed({ modules: { app: version("fast") } });
    expect(await waitForSchema(slow)).toMatchObject({
      body: { type: "raceDetected" },
    });
    expect(await finish(slow)).toMatchObject({
      status: 400,
      body: { code: "RaceDetected" },
    });
    expect(await runningVersion()).toBe("fast");
  });
});

test("no call meets the tables of one push with the code of another", async () => {
  const indexedBy = (index: string): PushedApp => ({
    modules: {
      app: `
        import { queryGeneric, mutationGeneric } from "convex/server";
        const handler = async (ctx) => { await ctx.db.query("rows").withIndex("${index}").first(); return null; };
        export const read = queryGeneric({ handler });
        export const write = mutationGeneric({ handler });`,
    },
    schema: schema("{ n: v.number() }", `.index("${index}", ["n"])`),
  });
  await pushed(indexedBy("first"));
  for (const index of ["second", "third", "fourth"]) {
    const started = await start(indexedBy(index));
    const calls = (count: number) =>
      Array.from({ length: count }, (_, i) =>
        i % 2 === 0
          ? deployment.post("/api/query", { path: "app:read" })
          : deployment.post("/api/mutation", { path: "app:write" }),
      );
    const answers = await Promise.all([
      ...calls(10),
      finish(started),
      ...calls(10),
    ]);
    for (const { status, body } of answers) {
      expect({ status, body }).not.toMatchObject({ body: { status: "error" } });
      expect(status).toBe(200);
    }
  }
});

describe("a push that fails leaves the running code", () => {
  beforeEach(async () => {
    await pushed(V1);
    const added = await deployment.post("/api/mutation", {
      path: "app:add",
      args: { n: 1 },
    });
    expect(added.body).toMatchObject({ status: "success" });
  });

  afterEach(async () => {
    expect(await runningVersion()).toBe("one");
    // The tables are as they were: the old schema still holds.
    expect(
      await deployment.post("/api/mutation", {
        path: "app:add",
        args: { n: 2 },
      }),
    ).toMatchObject({ body: { status: "success" } });
  });

  test("when stored documents do not match the new schema", async () => {
    const started = await start({
      modules: { app: version("two") },
      schema: schema("{ n: v.string() }"),
    });
    const { body } = await waitForSchema(started);
    expect(body).toMatchObject({ type: "failed", componentPath: "" });
    const { error } = body as { error: string };
    expect(error).toContain('"rows"');
    expect(error).toMatch(/[a-z0-9]{32}/);
    expect(await finish(started)).toMatchObject({ status: 400 });
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
      "a cron calls what is not there",
      {
        modules: {
          crons: `
            import { cronJobs, makeFunctionReference } from "convex/server";
            const crons = cronJobs();
            crons.interval("tidy", { hours: 1 }, makeFunctionReference("app:tidy"));
            export default crons;`,
        },
      },
      /cron job "tidy" calls "app:tidy"/,
    ],
    [
      "the schema is none",
      { modules: {}, schema: "export default 7;" },
      /schema\.ts must be what defineSchema\(\) returns/,
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

describe("components", () => {
  const component = (text: string) => ({ modules: { lib: version(text) } });
  const where = async (componentPath: string) => {
    const { body } = await deployment.post(
      "/api/function",
      { componentPath, path: "lib:version" },
      deployment.admin,
    );
    return (body as { value?: unknown }).value ?? "none";
  };
  const nested: PushedApp = {
    modules: { app: version("app") },
    children: { left: "part", right: "part" },
    components: {
      part: { ...component("part"), children: { inner: "inner" } },
      inner: component("inner"),
    },
  };

  test("are mounted wherever a config uses them, at any depth", async () => {
    const { componentDiffs } = await pushed(nested);
    expect(Object.keys(componentDiffs).sort()).toEqual([
      "",
      "left",
      "left/inner",
      "right",
      "right/inner",
    ]);
    expect(await where("left")).toBe("part");
    expect(await where("right/inner")).toBe("inner");
  });

  test("that a push drops are unmounted with their crons, keep their rows, and come back with them", async () => {
    const withRows: PushedApp = {
      children: { part: "part" },
      components: {
        part: {
          modules: {
            lib: `
              import { queryGeneric, mutationGeneric } from "convex/server";
              export const add = mutationGeneric({ handler: async (ctx) => { await ctx.db.insert("rows", {}); return null; } });
              export const count = queryGeneric({ handler: async (ctx) => (await ctx.db.query("rows").collect()).length });`,
            crons: `
              import { cronJobs, makeFunctionReference } from "convex/server";
              const crons = cronJobs();
              crons.monthly("add", { day: 1, hourUTC: 1, minuteUTC: 1 }, makeFunctionReference("lib:add"));
              export default crons;`,
          },
        },
      },
    };
    const call = (path: string) =>
      deployment.post(
        "/api/function",
        { componentPath: "part", path },
        deployment.admin,
      );
    expect((await pushed(withRows)).componentDiffs["part"]).toMatchObject({
      diffType: { type: "create" },
      cronDiff: { added: ["add"] },
    });
    await call("lib:add");
    expect((await pushed({})).componentDiffs["part"]).toMatchObject({
      diffType: { type: "unmount" },
      cronDiff: { deleted: ["add"] },
    });
    expect((await call("lib:count")).body).toMatchObject({ status: "error" });
    expect((await pushed(withRows)).componentDiffs["part"]).toMatchObject({
      diffType: { type: "remount" },
    });
    expect((await call("lib:count")).body).toMatchObject({ value: 1 });
  });

  test("a document that a component's new schema refuses names the component", async () => {
    const of = (source: string): PushedApp => ({
      children: { part: "part" },
      components: {
        part: { modules: { lib: version("part") }, schema: source },
      },
    });
    await pushed(of(schema("{ n: v.number() }")));
    await deployment.post(
      "/api/function",
      { componentPath: "part", path: "lib:add", args: { n: 1 } },
      deployment.admin,
    );
    expect(
      await deployment.push(of(schema("{ n: v.string() }"))),
    ).toMatchObject({ body: { type: "failed", componentPath: "part" } });
  });
});

describe("environment variables", () => {
  const READ = `
    import { queryGeneric } from "convex/server";
    export const read = queryGeneric({ handler: async () => [process.env.TOKEN ?? null, process.env.CONVEX_CLOUD_URL] });
  `;
  const read = async () => {
    const { body } = await deployment.post("/api/query", { path: "env:read" });
    return (body as { value?: unknown }).value;
  };
  const set = (...changes: unknown[]) =>
    deployment.post(
      "/api/update_environment_variables",
      { changes },
      deployment.admin,
    );

  test("reach functions at once, survive a restart, and can be removed", async () => {
    await pushed({ modules: { env: READ } });
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
      await pushed({ modules: { env: READ } });
      expect(await read()).toEqual([null, deployment.url]);
    },
  );

  test("a change during a push makes it start over", async () => {
    const started = await start(V1);
    await set({ name: "TOKEN", value: "t" });
    expect(await finish(started)).toMatchObject({
      body: { code: "RaceDetected" },
    });
  });
});
