import { afterAll, beforeAll, expect, test } from "vitest";
import { TestDeployment } from "../support/deployment.js";
import { CliApp } from "../support/officialCli.js";

// Every test runs the real CLI, which bundles the app each time.
const TIMEOUT_MS = 90_000;

const APP = {
  "convex/messages.ts": `
    import { mutation, query } from "./_generated/server";
    import { v } from "convex/values";
    export const count = query({ args: {}, handler: async (ctx) => (await ctx.db.query("messages").collect()).length });
    export const send = mutation({
      args: { body: v.string() },
      handler: async (ctx, { body }) => { await ctx.db.insert("messages", { body, at: 7n }); },
    });`,
};

let deployment: TestDeployment;
let app: CliApp;

function send(body: string): Promise<unknown> {
  return deployment.post("/api/mutation", {
    path: "messages:send",
    args: { body },
  });
}

beforeAll(async () => {
  deployment = await TestDeployment.open();
  app = await CliApp.create(deployment, APP);
  const deployed = await app.convex("deploy", "--typecheck", "disable");
  expect(deployed).toMatchObject({ code: 0 });
}, TIMEOUT_MS);

afterAll(async () => {
  await deployment.remove();
  await app.remove();
});

test(
  "convex run --watch prints every new result",
  async () => {
    const running = app.start("run", "--watch", "messages:count");
    const results = () =>
      running
        .stdout()
        .split("\n")
        .filter((line) => /^\d+$/.test(line));
    await expect.poll(results, { timeout: 30_000 }).toEqual(["0"]);
    await send("one");
    await expect.poll(results).toEqual(["0", "1"]);
    await send("two");
    await expect.poll(results).toEqual(["0", "1", "2"]);
    await running.stop();
  },
  TIMEOUT_MS,
);

test(
  "convex data lists tables and prints documents, the newest first",
  async () => {
    await send("three");
    await send("four");
    expect(await app.convex("data")).toMatchObject({
      code: 0,
      stdout: "messages\n",
    });
    const args = ["data", "messages", "--limit", "2", "--format", "jsonLines"];
    const { stdout } = await app.convex(...args);
    expect(stdout).toMatch(/"at": 7n.*"body": "four"[^]*"body": "three"/);
    expect(stdout).not.toContain("two");
    const first = ["data", "messages", "--order", "asc", "--limit", "1"];
    const oldest = await app.convex(...first, "--format", "json");
    expect(JSON.parse(oldest.stdout.replaceAll("7n", "7"))).toMatchObject([
      { body: "one" },
    ]);
    expect((await app.convex(...first)).stdout).toMatch(
      /^_id +\| _creationTime +\| at +\| body *\n-+/,
    );
    expect((await app.convex(...first)).stderr).toContain(
      "Showing the 1 oldest created document",
    );
    expect((await app.convex("data", "nothing")).stderr).toContain(
      "There are no documents in this table.",
    );
  },
  TIMEOUT_MS,
);
