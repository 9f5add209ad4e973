import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestDeployment } from "../support/deployment.js";
import { CliApp, type CliResult } from "../support/officialCli.js";

// Every test runs the real CLI, which bundles the app each time.
const TIMEOUT_MS = 90_000;

const APP = {
  "convex/convex.config.ts": `
    import { defineApp } from "convex/server";
    import workpool from "@convex-dev/workpool/convex.config";
    import crons from "@convex-dev/crons/convex.config";
    const app = defineApp();
    app.use(workpool, { name: "pool" });
    app.use(crons);
    export default app;`,
  "convex/schema.ts": `
    import { defineSchema, defineTable } from "convex/server";
    import { v } from "convex/values";
    export default defineSchema({
      messages: defineTable({ body: v.string() })
        .index("body", ["body"])
        .searchIndex("search", { searchField: "body", filterFields: ["body"] }),
    });`,
  "convex/messages.ts": `
    import { Workpool } from "@convex-dev/workpool";
    import { v } from "convex/values";
    import { components, internal } from "./_generated/api";
    import { internalMutation, mutation, query } from "./_generated/server";
    const pool = new Workpool(components.pool, { maxParallelism: 2, logLevel: "ERROR" });
    export const list = query({
      args: {}, returns: v.array(v.string()),
      handler: async (ctx) => {
        const rows = await ctx.db.query("messages").withIndex("body").collect();
        return rows.map((row) => row.body);
      },
    });
    export const insert = internalMutation({
      args: { body: v.string() },
      handler: async (ctx, { body }) => { await ctx.db.insert("messages", { body }); },
    });
    export const send = mutation({
      args: { body: v.string() },
      handler: async (ctx, args): Promise<null> => {
        console.log("sending", args.body);
        await pool.enqueueMutation(ctx, internal.messages.insert, args);
        return null;
      },
    });`,
  "convex/tidying.ts": `
    import { Crons } from "@convex-dev/crons";
    import { v } from "convex/values";
    import { components, internal } from "./_generated/api";
    import { internalMutation } from "./_generated/server";
    const crons = new Crons(components.crons);
    export const register = internalMutation({
      args: {}, returns: v.string(),
      handler: async (ctx) => {
        await crons.register(ctx, { kind: "cron", cronspec: "0 3 * * *" }, internal.messages.insert, { body: "cron" }, "nightly");
        return (await crons.get(ctx, { name: "nightly" }))!.name!;
      },
    });`,
  "convex/crons.ts": `
    import { cronJobs } from "convex/server";
    import { internal } from "./_generated/api";
    const crons = cronJobs();
    crons.monthly("greet", { day: 1, hourUTC: 0, minuteUTC: 0 }, internal.messages.insert, { body: "static cron" });
    export default crons;`,
};

let deployment: TestDeployment;
let app: CliApp;
let deployed: CliResult;

beforeAll(async () => {
  deployment = await TestDeployment.open();
  app = await CliApp.create(deployment, APP);
  deployed = await app.convex("deploy", "--typecheck", "disable");
}, TIMEOUT_MS);

afterAll(async () => {
  await deployment.remove();
  await app.remove();
});

const generated = (name: string) =>
  readFile(path.join(app.folder, "convex/_generated", name), "utf8");

async function messages(): Promise<string[]> {
  const { body } = await deployment.post("/api/query", {
    path: "messages:list",
    args: {},
  });
  return (body as { value: string[] }).value;
}

describe("convex deploy", () => {
  test("deploys an app with nested components", async () => {
    expect(deployed.stderr).toContain("Deployed Convex functions to");
    expect(deployed.stderr).toContain("Installed component pool.");
    expect(deployed.stderr).toContain("Installed component pool/batchWorker.");
    expect(deployed.stderr).toContain("Installed component crons.");
    expect(deployed.stderr).toContain("[+] messages.body   body");
    expect(deployed.stderr).toContain(
      "[+] messages.search (text)   body, filter on body",
    );
    expect(deployed.code).toBe(0);
  });

  test("generates types of the components' functions", async () => {
    expect(await generated("api.d.ts")).toContain(
      'import("@convex-dev/workpool/_generated/component.js").ComponentApi<"pool">',
    );
  });

  test(
    "shows the error of a module that throws, and the deployed code stays",
    async () => {
      await app.write({
        "convex/bad.ts": `throw new Error("no luck at the top");\nexport {};`,
      });
      const result = await app.convex("deploy", "--typecheck", "disable");
      expect(result.code).toBe(1);
      expect(result.stderr).toContain("Failed to analyze bad.js");
      expect(result.stderr).toContain("no luck at the top");
      expect(result.stderr).toContain("convex/bad.ts:1");
      await app.write({ "convex/bad.ts": "export {};" });
      expect(await messages()).toBeInstanceOf(Array);
    },
    TIMEOUT_MS,
  );
});

describe("convex run", () => {
  test(
    "runs a function whose work goes through a nested component",
    async () => {
      const args = JSON.stringify({ body: "hello" });
      const result = await app.convex("run", "messages:send", args);
      expect(result).toMatchObject({ code: 0 });
      expect(result.stderr).toContain("sending");
      await expect.poll(messages).toContain("hello");
    },
    TIMEOUT_MS,
  );

  test(
    "prints the result of an internal function",
    async () => {
      const result = await app.convex("run", "tidying:register");
      expect(result).toMatchObject({ code: 0, stdout: '"nightly"\n' });
    },
    TIMEOUT_MS,
  );

  test(
    "runs a function of a component",
    async () => {
      const args = ["--component", "crons", "public:list"];
      const { code, stdout } = await app.convex("run", ...args);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject([{ name: "nightly" }]);
    },
    TIMEOUT_MS,
  );

  test(
    "answers a query that is not pushed, also in a component",
    async () => {
      const run = (...args: string[]) => app.convex("run", ...args);
      const sum = await run("--inline-query", "1 + 1");
      expect(sum).toMatchObject({ code: 0, stdout: "2\n" });
      const query = `const crons = await ctx.db.query("crons").collect(); console.log("looked"); return crons.map(({ name }) => name);`;
      const named = await run(
        ...["--component", "crons", "--inline-query", query],
      );
      expect(named.stderr).toContain("looked");
      expect(JSON.parse(named.stdout)).toEqual(["nightly"]);
      const failed = await run("--inline-query", `ctx.db.get("nobody")`);
      expect(failed.code).toBe(1);
      expect(failed.stderr).toContain("Unable to decode ID");
      expect(failed.stderr).not.toContain("Retrying");
    },
    TIMEOUT_MS,
  );

  test(
    "lists the functions when the named one is missing",
    async () => {
      const result = await app.convex("run", "--component", "crons", "a:b");
      expect(result.code).toBe(1);
      expect(result.stderr).toContain("Could not find function for 'a:b'");
      expect(result.stderr).toContain("public:register");
    },
    TIMEOUT_MS,
  );
});

test(
  "convex function-spec prints every function with its validators",
  async () => {
    const { code, stdout } = await app.convex("function-spec");
    expect(code).toBe(0);
    const spec = JSON.parse(stdout) as {
      url: string;
      functions: { identifier: string }[];
    };
    expect(spec.url).toBe(deployment.url);
    expect(spec.functions).toContainEqual({
      identifier: "messages.js:list",
      functionType: "Query",
      visibility: { kind: "public" },
      args: { type: "object", value: {} },
      returns: { type: "array", value: { type: "string" } },
    });
  },
  TIMEOUT_MS,
);

test(
  "convex env sets, lists, reads and removes variables, singly or from a file",
  async () => {
    expect(await app.convex("env", "set", "GREETING", "hi")).toMatchObject({
      code: 0,
    });
    await app.write({ ".env.more": "FIRST=1\nSECOND='two words'\n" });
    await app.convex("env", "set", "--from-file", ".env.more");
    expect((await app.convex("env", "list")).stdout).toBe(
      "FIRST=1\nGREETING=hi\nSECOND=two words\n",
    );
    const get = (name: string) => app.convex("env", "get", name);
    expect((await get("SECOND")).stdout).toBe("two words\n");
    await app.convex("env", "remove", "FIRST");
    expect((await get("FIRST")).stderr).toContain('"FIRST" not found');
  },
  TIMEOUT_MS,
);

const MORE = {
  "convex/more.ts": `
    import { query } from "./_generated/server";
    export const greeting = query({ args: {}, handler: async () => process.env.GREETING ?? "none" });`,
};

test(
  "convex codegen generates types of code without deploying it",
  async () => {
    await app.write(MORE);
    const result = await app.convex("codegen", "--typecheck", "disable");
    expect(result).toMatchObject({ code: 0 });
    expect(await generated("api.d.ts")).toContain("typeof more");
    expect(
      await deployment.post("/api/query", { path: "more:greeting", args: {} }),
    ).toMatchObject({ body: { status: "error" } });
  },
  TIMEOUT_MS,
);

test(
  "convex dev --once deploys changed code",
  async () => {
    await app.write(MORE);
    const result = await app.convex("dev", "--once", "--typecheck", "disable");
    expect(result.stderr).toContain("Convex functions ready!");
    expect(result.code).toBe(0);
    expect(
      await deployment.post("/api/query", { path: "more:greeting", args: {} }),
    ).toMatchObject({ body: { status: "success" } });
  },
  TIMEOUT_MS,
);
