import { afterAll, beforeAll, expect, test } from "vitest";
import { TestDeployment } from "../support/deployment.js";
import { CliApp } from "../support/officialCli.js";

const TIMEOUT_MS = 90_000;
const PATIENCE = { timeout: 30_000 };

const saying = (what: string) => ({
  "convex/talk.ts": `
    import { mutation } from "./_generated/server";
    export const say = mutation({ args: {}, handler: async () => {
      console.log("${what}"); return "${what}"; } });`,
});

let deployment: TestDeployment;
let app: CliApp;

beforeAll(async () => {
  deployment = await TestDeployment.open();
  app = await CliApp.create(deployment, saying("first"));
});

afterAll(async () => {
  await deployment.remove();
  await app.remove();
});

const say = async () => {
  const { body } = await deployment.post("/api/mutation", {
    path: "talk:say",
    args: {},
  });
  return (body as { value?: unknown }).value;
};

test(
  "convex run --push deploys before it runs",
  async () => {
    const args = ["run", "--push", "--typecheck", "disable", "talk:say"];
    const result = await app.convex(...args);
    expect(result).toMatchObject({ code: 0, stdout: '"first"\n' });
  },
  TIMEOUT_MS,
);

test(
  "convex dev deploys each change, and prints the log lines of functions",
  async () => {
    const dev = app.start("dev", "--typecheck", "disable");
    const printed = () => dev.stderr();
    await expect.poll(printed, PATIENCE).toContain("functions ready!");
    await say();
    await expect.poll(printed, PATIENCE).toContain("[LOG] 'first'");
    await app.write(saying("second"));
    await expect.poll(say, PATIENCE).toBe("second");
    await expect.poll(printed, PATIENCE).toContain("[LOG] 'second'");

    await app.write({ "convex/talk.ts": "export const = 1;" });
    await expect.poll(printed, PATIENCE).toContain("talk.ts:1:13");
    expect(await say()).toBe("second");
    await app.write(saying("third"));
    await expect.poll(say, PATIENCE).toBe("third");
    await dev.stop();
  },
  TIMEOUT_MS,
);

test(
  "convex logs prints the latest executions, then each new one",
  async () => {
    await say();
    const logs = app.start("logs", "--history", "2", "--success");
    const executed = () => logs.stdout().match(/Function executed in/g) ?? [];
    await expect.poll(executed, PATIENCE).toHaveLength(2);
    expect(logs.stdout()).toContain("[CONVEX M(talk:say)] [LOG] 'third'");
    await say();
    await expect.poll(executed, PATIENCE).toHaveLength(3);
    await logs.stop();
  },
  TIMEOUT_MS,
);

test(
  "convex logs on a deployment where nothing ran yet prints the first execution",
  async () => {
    const quiet = await TestDeployment.open();
    const other = await CliApp.create(quiet, saying("heard"));
    const args = ["run", "--push", "--typecheck", "disable", "talk:say"];
    const logs = other.start("logs");
    await expect.poll(() => logs.stderr(), PATIENCE).toContain("Watching logs");
    await other.convex(...args);
    await expect.poll(() => logs.stdout(), PATIENCE).toContain("'heard'");
    await logs.stop();
    await quiet.remove();
    await other.remove();
  },
  TIMEOUT_MS,
);
