import {
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DryRunJson } from "../../../cli/json/dryRun.js";
import type { ErrorJson } from "../../../cli/json/error.js";
import type { ServeJson } from "../../../cli/json/ready.js";
import type { RunResultJson } from "../../../cli/json/run.js";
import type { ScheduleChangeJson } from "../../../cli/json/schedule.js";
import type { ListJson } from "../../../cli/json/session.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import type { ImportJson } from "../../../cli/json/transfer.js";
import { stablePort } from "../../../embedded/test/support/ports.js";
import { notOf } from "../support/jsonShapes.js";
import { RealCli } from "../support/realCli.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

const cli = new RealCli();
const { folder } = cli;

test("serve, import, purge and schedule set work as processes of their own", async () => {
  // A project that already has a deployment has such a file: serve must not deploy to that.
  const envFile = join(folder, ".env.local");
  writeFileSync(envFile, "CONVEX_DEPLOYMENT=dev:tall-forest-1234\n");
  const serving = cli.start(["serve", "--port", "0", "--data", "data"]);
  const ready = await serving.firstLine;
  rmSync(envFile);
  const url = /\bready\b.*(http:\/\/127\.0\.0\.1:\d+)/.exec(ready)?.[1];
  expect(url).toBeDefined();
  const keyFile = join(folder, "data/admin-key");
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  await cli.putOffPurges();

  const now = Date.now();
  const rows = Array.from({ length: 2_000 }, (_, index) => {
    const lastActive = now - (index / 2_000) * 40 * DAY_MS - DAY_MS;
    const actions = [{ timestamp: lastActive, action: "view" }];
    const anonymousId = `visitor-${index}`;
    return { anonymousId, createdAt: lastActive - 1_000, lastActive, actions };
  });
  const jsonl = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const imported = await cli.json<ImportJson>(["import", "-", "--yes"], jsonl);
  expect(imported).toMatchObject({ rows: 2_000, created: 2_000, invalid: 0 });

  const before = await cli.json<StatusJson>(["status"]);
  expect(before.sessions).toEqual({
    total: 2_000,
    active: 0,
    expired: 2_000,
    ended: 0,
  });

  const counted = await cli.json<DryRunJson>([
    ...["purge", "--days", "14", "--dry-run"],
  ]);
  const purged = await cli.json<RunResultJson>([
    ...["purge", "--before", counted.cutoff, "--yes"],
  ]);
  expect(purged).toMatchObject({
    status: "completed",
    cutoff: counted.cutoff,
    sessions: counted.sessions,
    actions: counted.actions,
    quarantined: 0,
  });
  const { sessions } = await cli.json<ListJson>(["list", "--limit", "5000"]);
  const left = sessions.map(({ anonymousId }) => anonymousId);
  const expected = rows
    .filter(({ lastActive }) => lastActive >= Date.parse(counted.cutoff))
    .map(({ anonymousId }) => anonymousId);
  expect(left.sort()).toEqual(expected.sort());
  expect(counted.sessions).toBe(2_000 - expected.length);

  const changed = await cli.json<ScheduleChangeJson>([
    ...["schedule", "set", "purge", "0 3 * * *", "--tz", "Europe/Berlin"],
  ]);
  expect(changed.fires).toHaveLength(5);
  const after = await cli.json<StatusJson>(["status"]);
  expect(after).toMatchObject({
    sessions: { total: expected.length },
    schedules: [
      { name: "expire" },
      { name: "purge", spec: "0 3 * * *", timeZone: "Europe/Berlin" },
    ],
    runs: [{ runId: purged.runId, status: "completed" }],
  });

  serving.child.kill("SIGTERM");
  const served = await serving.finished;
  expect(served.exitCode).toBe(0);
  // The output has a line for the start, the deploy and the end.
  expect(served.stderr).toMatch(
    /^Embedded deployment at .*\nCode revision 1 is running\.\n(.*\n)*Stopping …\nStopped; .*\n$/,
  );
  expect(served.stdout + served.stderr).not.toContain(
    readFileSync(keyFile, "utf8").trim(),
  );
  expect(existsSync(join(folder, ".sessions-ops/deployment.json"))).toBe(false);
}, 300_000);

test("serve sets the variables that the app asks for in its first deploy, and shows no value", async () => {
  const config = join(folder, "convex/auth.config.ts");
  writeFileSync(
    config,
    "export default { providers: [{ domain: process.env.ISSUER!, applicationID: 'web' }] };",
  );
  writeFileSync(
    join(folder, "variables"),
    "ISSUER=https://issuer.example\nSECRET='of the app'\n",
  );
  const args = ["serve", "--port", "0", "--data", "other-data"];
  const without = await cli.run(...args);
  expect(without).toMatchObject({ exitCode: 1 });
  expect(without.stderr).toContain("ISSUER");
  const serving = cli.start([...args, "--env-from", "variables"]);
  expect(await serving.firstLine).toContain("is ready at");
  serving.child.kill("SIGTERM");
  const { exitCode, stdout, stderr } = await serving.finished;
  expect(exitCode).toBe(0);
  expect(stdout + stderr).not.toContain("of the app");
  rmSync(config);
}, 120_000);

test.each([
  ["nowhere", "ENOENT"],
  ["empty", "has no line such as NAME=value"],
  ["refused", "1-A"],
])(
  "serve with the --env-from %s says why not",
  async (file, reason) => {
    writeFileSync(join(folder, "empty"), "# nothing\n");
    writeFileSync(join(folder, "refused"), "1-A=x\n");
    const { exitCode, stderr } = await cli.run(
      ...["serve", "--port", "0", "--data", "no-data", "--env-from", file],
    );
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining(reason) as string,
    });
  },
  120_000,
);

test.each([
  [["--host", "0.0.0.0"], 5, "--allow-remote"],
  [["--admin-key-file", "no-key"], 4, "no admin key file at"],
  [["--admin-key-file", "short-key"], 1, "needs 16 to"],
  [["--env-from", "nowhere"], 2, "ENOENT"],
])(
  "serve %j --json fails with one object",
  async (args, exitCode, reason) => {
    writeFileSync(join(folder, "short-key"), "short");
    const failed = await cli.run(
      ...["serve", "--port", "0", "--data", "no-data", "--json", ...args],
    );
    expect(failed).toMatchObject({ exitCode, stdout: "" });
    const said = JSON.parse(failed.stderr) as ErrorJson;
    expect(notOf("ErrorJson", said)).toBe("");
    expect(said.error.exitCode).toBe(exitCode);
    expect(said.error.message).toMatch(new RegExp(reason));
  },
  120_000,
);

test("serve keeps its data, refuses a second owner and a wrong key, and is reported missing after a kill", async () => {
  const serving = cli.start(["serve", "--port", "0", "--data", "data"]);
  const url = /http:\S+/.exec(await serving.firstLine)?.[0] ?? "";
  const { sessions } = await cli.json<StatusJson>(["status"]);
  expect(sessions.total).toBeGreaterThan(0);

  const second = await cli.run("serve", "--port", "0", "--data", "data");
  expect(second.exitCode).toBe(1);
  expect(second.stderr).toContain(String(serving.child.pid));

  writeFileSync(join(folder, "wrong-key"), "not-the-key");
  const wrong = await cli.run(
    ...["status", "--url", url, "--admin-key-file", "wrong-key"],
  );
  expect(wrong.exitCode).toBe(4);
  expect(wrong.stderr).toContain("refused the admin key");
  const elsewhere = await cli.run("status", "--component", "elsewhere");
  expect(elsewhere.exitCode).toBe(1);
  expect(elsewhere.stderr).toContain("app.use(sessionTracker)");

  serving.child.kill("SIGKILL");
  await serving.finished;
  const missed = await cli.run("status");
  expect(missed.exitCode).toBe(4);
  expect(missed.stderr).toContain(
    `process ${serving.child.pid} is gone. Start it again`,
  );
}, 300_000);

test("an app that cannot be deployed ends serve with the official CLI's error and leaves no deployment", async () => {
  const file = join(folder, "convex/broken.ts");
  writeFileSync(file, 'import { nothing } from "./missing.js";\nnothing();\n');
  const result = await cli.run("serve", "--port", "0", "--data", "broken-data");
  rmSync(file);
  expect(result.exitCode).toBe(1);
  expect(result.stdout).toBe("");
  expect(result.stderr).toContain("missing.js");
}, 300_000);

test("--dev deploys again when the code changes, reports its errors, and goes on", async () => {
  const serving = cli.start([
    ...["serve", "--dev", "--port", "0", "--data", "dev-data"],
  ]);
  const url = /http:\S+/.exec(await serving.firstLine)?.[0] ?? "";
  const call = async () => {
    const response = await fetch(`${url}/api/query`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ path: "added:answer", args: {} }),
    });
    return JSON.parse(await response.text()) as { value?: unknown };
  };
  // The official CLI watches only from here on.
  await serving.said("Convex functions ready");
  const file = join(folder, "convex/added.ts");
  const code = (answer: string) =>
    `import { query } from "./_generated/server.js";\nexport const answer = query({ args: {}, handler: () => ${answer} });\n`;
  writeFileSync(file, code("42"));
  await deployed(async () => (await call()).value === 42);
  writeFileSync(file, 'import { nothing } from "./missing.js";\nnothing();\n');
  await serving.said(/Could not resolve "\.\/missing\.js"/);
  expect((await call()).value).toBe(42);
  writeFileSync(file, code("43"));
  await deployed(async () => (await call()).value === 43);

  serving.child.kill("SIGTERM");
  const { exitCode, stdout, stderr } = await serving.finished;
  rmSync(file);
  rmSync(join(folder, ".env.local"));
  expect(exitCode).toBe(0);
  expect(stdout + stderr).not.toContain(
    readFileSync(join(folder, "dev-data/admin-key"), "utf8").trim(),
  );
}, 300_000);

test("serve listens to other machines only with --allow-remote, and serves HTTP actions on a port of their own", async () => {
  const refused = await cli.run("serve", "--host", "0.0.0.0", "--port", "0");
  expect(refused.exitCode).toBe(5);
  expect(refused.stderr).toContain("--allow-remote");

  const [port, sitePort] = [await stablePort(), await stablePort()].map(String);
  const serving = cli.start([
    ...["serve", "--host", "0.0.0.0", "--allow-remote", "--json"],
    ...["--port", port ?? "", "--site-port", sitePort ?? ""],
    ...["--data", "remote-data"],
  ]);
  expect(await serving.printed<ServeJson>()).toEqual({
    ready: true,
    url: `http://127.0.0.1:${port}`,
    siteUrl: `http://127.0.0.1:${sitePort}`,
    dataDir: join(folder, "remote-data"),
    adminKeyFile: join(folder, "remote-data/admin-key"),
  });
  serving.child.kill("SIGTERM");
  await serving.finished;
}, 300_000);

/** Waits for a deployment, which takes seconds, with calls that take milliseconds. */
async function deployed(isThere: () => Promise<boolean>): Promise<void> {
  while (!(await isThere()));
}
