import { spawn, type ChildProcess } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type {
  DryRunJson,
  ImportJson,
  ListJson,
  RunResultJson,
  ScheduleChangeJson,
  StatusJson,
} from "../../cli/shapes.js";
import { DAY_MS } from "../../convex/sessionTracker/shared.js";
import type { Finished } from "./harness.js";

const root = join(import.meta.dirname, "../..");

/** A folder of its own, so that the deployment served in it is nobody else's. */
const folder = mkdtempSync(join(tmpdir(), "sessions-ops-end-to-end-"));
const children = new Set<ChildProcess>();

beforeAll(() => {
  for (const name of ["convex", "client", "package.json", "tsconfig.json"]) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
});

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

interface Running {
  child: ChildProcess;
  finished: Promise<Finished>;
  /** Resolves with the first line on stdout. */
  firstLine: Promise<string>;
}

/** The real CLI in a process of its own. */
function start(args: string[], stdin = ""): Running {
  const child = spawn(
    process.execPath,
    ["--conditions=source", "--import=tsx", join(root, "cli/main.ts"), ...args],
    { cwd: folder, env: { PATH: process.env["PATH"], HOME: folder } },
  );
  children.add(child);
  let stdout = "";
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(stdin);
  const finished = new Promise<Finished>((resolve) => {
    child.on("close", (code) => {
      children.delete(child);
      resolve({ exitCode: code ?? -1, stdout, stderr });
    });
  });
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.includes("\n")) resolve(stdout.split("\n")[0] ?? "");
    });
    child.on("close", () => reject(new Error(`It ended: ${stderr}`)));
  });
  firstLine.catch(() => {});
  return { child, finished, firstLine };
}

function run(...args: string[]): Promise<Finished> {
  return start(args).finished;
}

async function json<Shape>(args: string[], stdin?: string): Promise<Shape> {
  const { exitCode, stdout, stderr } = await start([...args, "--json"], stdin)
    .finished;
  if (exitCode !== 0) throw new Error(`exit ${exitCode}: ${stderr}`);
  return JSON.parse(stdout) as Shape;
}

test("serve, import, purge and reschedule, each step a process of its own", async () => {
  // What a project that already has a deployment looks like: serve must not deploy to that.
  const envFile = join(folder, ".env.local");
  writeFileSync(envFile, "CONVEX_DEPLOYMENT=dev:tall-forest-1234\n");
  const serving = start(["serve", "--port", "0", "--data", "data"]);
  const ready = await serving.firstLine;
  rmSync(envFile);
  const url = /\bready\b.*(http:\/\/127\.0\.0\.1:\d+)/.exec(ready)?.[1];
  expect(url).toBeDefined();
  const keyFile = join(folder, "data/admin-key");
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);

  const now = Date.now();
  const rows = Array.from({ length: 2_000 }, (_, index) => {
    const lastActive = now - (index / 2_000) * 40 * DAY_MS - DAY_MS;
    const actions = [{ timestamp: lastActive, action: "view" }];
    const anonymousId = `visitor-${index}`;
    return { anonymousId, createdAt: lastActive - 1_000, lastActive, actions };
  });
  const jsonl = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const imported = await json<ImportJson>(["import", "-", "--yes"], jsonl);
  expect(imported).toMatchObject({ rows: 2_000, created: 2_000, invalid: 0 });

  const before = await json<StatusJson>(["status"]);
  expect(before.sessions).toEqual({
    total: 2_000,
    active: 0,
    expired: 2_000,
    ended: 0,
  });

  const counted = await json<DryRunJson>([
    ...["purge", "--days", "14", "--dry-run"],
  ]);
  const purged = await json<RunResultJson>([
    ...["purge", "--before", counted.cutoff, "--yes"],
  ]);
  expect(purged).toMatchObject({
    status: "completed",
    cutoff: counted.cutoff,
    sessions: counted.sessions,
    actions: counted.actions,
    quarantined: 0,
  });
  const { sessions } = await json<ListJson>(["list", "--limit", "5000"]);
  const left = sessions.map(({ anonymousId }) => anonymousId);
  const expected = rows
    .filter(({ lastActive }) => lastActive >= Date.parse(counted.cutoff))
    .map(({ anonymousId }) => anonymousId);
  expect(left.sort()).toEqual(expected.sort());
  expect(counted.sessions).toBe(2_000 - expected.length);

  const changed = await json<ScheduleChangeJson>([
    ...["schedule", "set", "purge", "0 3 * * *", "--tz", "Europe/Berlin"],
  ]);
  expect(changed.fires).toHaveLength(5);
  const after = await json<StatusJson>(["status"]);
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
  expect(served.stdout + served.stderr).not.toContain(
    readFileSync(keyFile, "utf8").trim(),
  );
  expect(existsSync(join(folder, ".sessions-ops/deployment.json"))).toBe(false);
}, 120_000);

test("keeps its data; refuses a second owner and a wrong key; is missed when killed", async () => {
  const serving = start(["serve", "--port", "0", "--data", "data"]);
  const url = /http:\S+/.exec(await serving.firstLine)?.[0] ?? "";
  const { sessions } = await json<StatusJson>(["status"]);
  expect(sessions.total).toBeGreaterThan(0);

  const second = await run("serve", "--port", "0", "--data", "data");
  expect(second.exitCode).toBe(1);
  expect(second.stderr).toContain(String(serving.child.pid));

  writeFileSync(join(folder, "wrong-key"), "not-the-key");
  const wrong = await run(
    ...["status", "--url", url, "--admin-key-file", "wrong-key"],
  );
  expect(wrong.exitCode).toBe(4);
  expect(wrong.stderr).toContain("refused the admin key");
  const elsewhere = await run("status", "--component", "elsewhere");
  expect(elsewhere.exitCode).toBe(1);
  expect(elsewhere.stderr).toContain("app.use(sessionTracker)");

  serving.child.kill("SIGKILL");
  await serving.finished;
  const missed = await run("status");
  expect(missed.exitCode).toBe(4);
  expect(missed.stderr).toContain(
    `process ${serving.child.pid} is gone. Start it again`,
  );
}, 120_000);

test("an app that cannot be deployed: what the official CLI said, and no deployment left", async () => {
  const file = join(folder, "convex/broken.ts");
  writeFileSync(file, 'import { nothing } from "./missing.js";\nnothing();\n');
  const result = await run("serve", "--port", "0", "--data", "broken-data");
  rmSync(file);
  expect(result.exitCode).toBe(1);
  expect(result.stdout).toBe("");
  expect(result.stderr).toContain("missing.js");
}, 120_000);
