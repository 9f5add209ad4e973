import type { JSONValue } from "convex/values";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestDeployment } from "../../support/deployment.js";
import { pushed } from "../../support/pushes.js";
import { APP, paginationOpts, SystemClient, type Event } from "./client.js";

let client: SystemClient;
let deployment: TestDeployment;
let ask: SystemClient["ask"];
let change: SystemClient["change"];

beforeAll(async () => {
  client = await SystemClient.open();
  ({ deployment, ask, change } = client);
});

afterAll(() => deployment.remove());

describe("code", () => {
  test("is listed by modules, with routes and crons", async () => {
    const modules = new Map(
      await ask<[string, { functions: object[]; cronSpecs?: unknown[] }][]>(
        "modules:list",
      ),
    );
    expect(modules.get("folder/app.js")?.functions).toEqual(
      expect.arrayContaining([
        { name: "typed", udfType: "Query", visibility: { kind: "public" } },
        { name: "default", udfType: "Query", visibility: { kind: "public" } },
      ]),
    );
    expect(modules.get("http.js")?.functions).toEqual([
      {
        name: "POST /hook",
        udfType: "HttpAction",
        visibility: { kind: "public" },
      },
    ]);
    expect(modules.get("crons.js")?.cronSpecs).toHaveLength(4);
    const all = await ask<[string | null, unknown[]][]>(
      "modules:listForAllComponents",
    );
    expect(all.map(([component]) => component)).toEqual([null, "part"]);
    expect(
      JSON.parse(
        await ask("modules:argsValidator", { function: "folder/app:typed" }),
      ),
    ).toMatchObject({
      type: "object",
    });
    expect(await ask("getVersion")).toBe("1.48.0");
    expect(await ask("node:version")).toBeNull();
  });

  test("is listed by components and schemas", async () => {
    expect(await ask("components:list")).toEqual([
      {
        id: "",
        name: null,
        path: "",
        args: {},
        state: "active",
        httpPrefix: null,
      },
      {
        id: "part",
        name: "part",
        path: "part",
        args: {},
        state: "active",
        httpPrefix: null,
      },
    ]);
    const { active } = await ask<{ active: string }>("getSchemas");
    expect(JSON.parse(active)).toMatchObject({
      tables: [{ tableName: "notes" }],
      schemaValidation: true,
    });
    const { active: part } = await ask<{ active: string }>("getSchemas", {
      componentId: "part",
    });
    expect(part).toContain('"parts"');
    expect(await ask("getSchemas:schemaValidationProgress")).toBeNull();
    expect(
      await ask("indexes", { tableName: "notes", tableNamespace: null }),
    ).toEqual([
      {
        name: "by_name",
        staged: false,
        fields: ["name", "n"],
        backfill: { state: "done" },
      },
      {
        name: "words",
        staged: false,
        fields: { searchField: "name", filterFields: ["tag"] },
        backfill: { state: "done" },
      },
    ]);
  });
});

describe("crons and scheduled functions", () => {
  interface Cron {
    name: string;
    cronSpec: Record<string, unknown>;
    lastRun: Record<string, unknown> | null;
    nextRun: Record<string, unknown>;
  }

  test("a cron has its function, its times, and how it went", async () => {
    await expect
      .poll(async () => (await ask<unknown[]>("listCronJobRuns")).length)
      .toBe(2);
    const crons = new Map(
      (await ask<Cron[]>("listCronJobs")).map((cron) => [cron.name, cron]),
    );
    expect(crons.get("tick")).toMatchObject({
      cronSpec: {
        udfPath: "jobs.js:run",
        cronSchedule: { type: "interval", seconds: integer(60) },
      },
      lastRun: {
        name: "tick",
        status: {
          type: "success",
          result: { type: "default", value: '"done"' },
        },
        logLines: { logLines: ["[LOG] 'ran'"], isTruncated: false },
      },
      nextRun: {
        state: { type: "pending" },
        nextTs: integer((client.clock.now() + 60_000) * 1e6),
      },
    });
    expect(crons.get("fails")?.lastRun).toMatchObject({
      status: {
        type: "err",
        error: expect.stringContaining("no luck") as string,
      },
    });
    expect(crons.get("report")).toMatchObject({
      cronSpec: {
        udfArgs: { $bytes: Buffer.from('[{"a":1}]').toString("base64") },
        cronSchedule: {
          type: "weekly",
          dayOfWeek: integer(1),
          hourUTC: integer(9),
          minuteUTC: integer(30),
        },
      },
      lastRun: null,
    });
    expect(crons.get("expression")?.cronSpec).toMatchObject({
      cronSchedule: { type: "cron", cronExpr: "0 4 * * *" },
    });
  });

  test("scheduled functions come by their time, and can be cancelled", async () => {
    const times = [3_000_000, 1_000_000, 2_000_000];
    await deployment.post("/api/mutation", {
      path: "folder/app:later",
      args: { times },
    });
    interface Jobs {
      page: {
        _id: string;
        udfPath: string;
        udfArgs: { $bytes: string };
        state: { type: string };
      }[];
      isDone: boolean;
      continueCursor: string;
    }
    const jobs = (cursor: string | null, numItems: number) =>
      ask<Jobs>("paginatedScheduledJobs", {
        paginationOpts: { cursor, numItems },
      });
    const argsOf = ({ page }: Jobs) =>
      page.map(({ udfArgs }) =>
        Buffer.from(udfArgs.$bytes, "base64").toString(),
      );
    const first = await jobs(null, 2);
    expect(argsOf(first)).toEqual(['[{"ms":1000000}]', '[{"ms":2000000}]']);
    expect(first).toMatchObject({
      isDone: false,
      page: [{ udfPath: "jobs.js:run", state: { type: "pending" } }, {}],
    });
    const second = await jobs(first.continueCursor, 2);
    expect(argsOf(second)).toEqual(['[{"ms":3000000}]']);
    expect(second.isDone).toBe(true);

    const id = first.page[0]!._id;
    expect(
      await deployment.step("cancel_job", { id, componentId: null }),
    ).toMatchObject({ status: 200 });
    expect((await jobs(null, 10)).page).toHaveLength(2);
    expect(
      await deployment.step("cancel_all_jobs", { udfPath: "jobs.js:run" }),
    ).toMatchObject({ status: 200 });
    expect((await jobs(null, 10)).page).toHaveLength(0);
    expect(
      await deployment.step("delete_scheduled_functions_table", {}),
    ).toMatchObject({ status: 200 });
    expect(
      await ask("_system/cli/tableData", {
        table: "_scheduled_functions",
        order: "asc",
        paginationOpts,
      }),
    ).toMatchObject({
      page: [],
    });
    const events = await client.auditLog([
      "cancel_scheduled_function",
      "cancel_all_scheduled_functions",
    ]);
    expect(events).toMatchObject([
      {},
      { metadata: { scheduled_function_id: id, function_path: "jobs.js:run" } },
    ]);
  });
});

describe("the deployment", () => {
  beforeAll(() =>
    change("addDocument", { table: "notes", documents: [{ name: "a", n: 1 }] }),
  );

  test("has its variables, addresses and state, and tells of changes", async () => {
    const changes = [{ name: "COLOR", value: "red" }];
    await deployment.step("update_environment_variables", { changes });
    await deployment.step("update_environment_variables", {
      changes: [{ name: "COLOR", value: null }],
    });
    await deployment.step("update_environment_variables", { changes });
    expect(await ask("listEnvironmentVariables")).toMatchObject([
      { name: "COLOR", value: "red" },
    ]);
    expect(await ask("convexCloudUrl")).toBe(deployment.url);
    expect(await ask("convexSiteUrl")).toBe(deployment.siteUrl);
    expect(await ask("deploymentState:deploymentState")).toEqual({
      state: "running",
    });
    const events = await client.auditLog([
      "create_environment_variable",
      "delete_environment_variable",
    ]);
    expect(events.map(({ action }) => action.slice(0, 6))).toEqual([
      "create",
      "delete",
      "create",
    ]);
    expect(JSON.stringify(events)).not.toContain("red");
  });

  test("knows its pushes", async () => {
    const push = await ask<Event>("deploymentEvents:lastPushEvent");
    expect(push).toMatchObject({
      action: "push_config_with_components",
      metadata: {
        auth_diff: { added: [], removed: [] },
        component_diffs: [
          {
            component_path: null,
            component_diff: { diffType: { type: "create" } },
          },
          { component_path: "part" },
        ],
      },
    });
    const since = await ask<Event[]>("listDeploymentEventsFromTime", {
      fromTimestamp: 0,
    });
    expect(since[0]).toEqual(push);
  });

  test("lists, shows and deletes files", async () => {
    const url = await change<string>("fileStorageV2:generateUploadUrl");
    const stored = await deployment.fetch(url.replace(deployment.url, ""), {
      method: "POST",
      body: "hello",
      headers: { "content-type": "text/plain" },
    });
    const { storageId } = (await stored.json()) as { storageId: string };
    expect(await ask("fileStorageV2:numFiles")).toBe(1);
    const { page } = await ask<{ page: Record<string, string>[] }>(
      "fileStorageV2:fileMetadata",
      { paginationOpts },
    );
    expect(page).toMatchObject([
      { _id: storageId, size: 5, contentType: "text/plain" },
    ]);
    const served = await deployment.fetch(
      page[0]!["url"]!.replace(deployment.url, ""),
    );
    expect(await served.text()).toBe("hello");
    expect(await ask("fileStorageV2:getFile", { storageId })).toEqual(page[0]);
    await change("fileStorageV2:deleteFiles", { storageIds: [storageId] });
    expect(await ask("fileStorageV2:numFiles")).toBe(0);
  });

  test("answers the dashboard's other requests, to pages of this machine", async () => {
    const from = (path: string, origin: string) =>
      deployment.fetch(path, { headers: { ...deployment.admin, origin } });
    const here = await from("/api/check_admin_key", "http://127.0.0.1:6791");
    expect(here.headers.get("access-control-allow-origin")).toBe(
      "http://127.0.0.1:6791",
    );
    expect(await here.json()).toEqual({
      success: true,
      allowedOps: [],
      isReadOnly: false,
    });
    const elsewhere = await from(
      "/api/check_admin_key",
      "http://127.0.0.1.example",
    );
    expect(elsewhere.headers.has("access-control-allow-origin")).toBe(false);
    expect(await (await from("/api/shapes2", "")).json()).toMatchObject({
      notes: { type: "Unknown" },
    });
    expect(await (await from("/api/app_metrics/udf_rate", "")).json()).toEqual(
      [],
    );
    const hook = await deployment.fetch("/http/hook", { method: "POST" });
    expect(await hook.text()).toBe("ok");
    const logs = await from(
      "/api/app_metrics/stream_function_logs?cursor=0",
      "",
    );
    const { entries } = (await logs.json()) as { entries: object[] };
    expect(entries).toContainEqual(
      expect.objectContaining({
        identifier: "POST /hook",
        success: { status: "201" },
      }),
    );
  });

  test("runs a query that is pushed nowhere, for who has the key", async () => {
    const IMPORT = `import { query } from "convex:/_system/repl/wrappers.js";`;
    const run = async (source: string, more: object = {}) => {
      const body = {
        ...{ adminKey: deployment.adminKey, args: {} },
        ...{ bundle: { path: "testQuery.js", source }, ...more },
        format: "convex_encoded_json",
      };
      const answer = await deployment.post("/api/run_test_function", body, {
        origin: "http://127.0.0.1:6791",
      });
      return answer.body as Record<string, unknown>;
    };
    const reads = (table: string) =>
      `${IMPORT} export default query({ handler: async (ctx) => {
        console.log("looked");
        return { names: (await ctx.db.query("${table}").take(2)).map(({ _id }) => typeof _id), big: 1n, env: process.env.CONVEX_CLOUD_URL };
      } });`;
    await change("addDocument", {
      table: "notes",
      documents: [{ name: "of a test query", n: 1 }],
    });
    expect(await run(reads("notes"))).toEqual({
      status: "success",
      value: {
        names: expect.arrayContaining(["string"]) as string[],
        big: { $integer: "AQAAAAAAAAA=" },
        env: deployment.url,
      },
      logLines: ["[LOG] 'looked'"],
    });
    const inPart = await run(reads("parts"), { componentId: "part" });
    expect(inPart).toMatchObject({ value: { names: [] } });
    const failing = `${IMPORT}
export default query({ handler: async (ctx) => {
  await ctx.db.get("nobody");
} });`;
    expect(await run(failing)).toMatchObject({
      status: "error",
      errorMessage: expect.stringMatching(
        /Server Error\nUncaught Error: .*db\.get.*at async handler \(testQuery\.js\)/s,
      ) as string,
    });
    for (const [source, code, why] of [
      [`export default 1;`, "InvalidTestQuery", /not a Convex function/],
      [
        `${IMPORT} export const a = query(() => 1);`,
        "InvalidTestQuery",
        /Only `export default`/,
      ],
      [`throw new Error("no");`, "InvalidModules", /Uncaught Error: no/],
      [`export default (`, "InvalidModules", /Could not analyze/],
      [
        `import { x } from "./folder/app.js"; export default x;`,
        "InvalidModules",
        /not pushed/,
      ],
    ] as const) {
      expect(await run(source)).toMatchObject({
        code,
        message: expect.stringMatching(why) as string,
      });
    }
    expect(await run(reads("notes"), { componentId: "none" })).toMatchObject({
      code: "ComponentNotFound",
    });
    expect(await run(reads("notes"), { adminKey: "wrong" })).toMatchObject({
      code: "BadAdminKey",
    });
    // Nothing of it stays.
    expect(JSON.stringify(await ask("modules:list"))).not.toContain(
      "testQuery",
    );
  });

  test("lets tables go that the schema does not name", async () => {
    await change("createTable", { table: "spare" });
    expect(await ask("tableSize", { tableName: "spare" })).toBe(0);
    expect(
      await deployment.step("delete_tables", { tableNames: ["notes"] }),
    ).toMatchObject({ status: 400 });
    expect(
      await deployment.step("delete_tables", {
        tableNames: ["spare"],
        componentId: null,
      }),
    ).toMatchObject({ status: 200 });
    expect(
      Object.values(await ask<Record<string, string>>("getTableMapping")),
    ).not.toContain("spare");
  });

  test("lets a component go that is not mounted any more", async () => {
    expect(
      await deployment.step("delete_component", { componentId: "part" }),
    ).toMatchObject({ status: 400 });
    const { components: _, children: __, ...alone } = APP;
    await pushed(deployment, alone);
    expect(await ask("components:list")).toMatchObject([
      {},
      { path: "part", state: "unmounted" },
    ]);
    expect(
      await deployment.step("delete_component", { componentId: "part" }),
    ).toMatchObject({ status: 200 });
    expect(await ask("components:list")).toHaveLength(1);
  });
});

function integer(value: number): JSONValue {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return { $integer: bytes.toString("base64") };
}
