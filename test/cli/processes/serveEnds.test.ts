import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { RealCli, type Running } from "../support/realCli.js";

const cli = new RealCli();
const app = join(cli.folder, "served");
const pidsFile = join(app, "pids");

/** A stand-in for the official CLI: it hangs, busy, with a child of its own; or is done at once. */
const CONVEX = `
if (process.env.STUB_HANGS) {
  const { pid } = require("node:child_process").spawn("sleep", ["1000"]);
  require("node:fs").writeFileSync("pids", process.pid + " " + pid + " ");
  for (;;);
}`;

beforeEach(() => {
  rmSync(app, { recursive: true, force: true });
  const convex = join(app, "node_modules/convex");
  mkdirSync(join(convex, "bin"), { recursive: true });
  writeFileSync(join(app, "package.json"), '{"name":"served"}');
  writeFileSync(join(convex, "package.json"), '{"name":"convex"}');
  writeFileSync(join(convex, "bin/main.js"), CONVEX);
});

function serve(env: Record<string, string> = {}): Running {
  const args = ["serve", "--port", "0", "--data", "data"];
  return cli.startLine(`cd served && exec ${cli.inShell(args)}`, env);
}

/** The processes of the deploy, once it hangs. */
async function deployPids(): Promise<number[]> {
  await expect
    .poll(() => existsSync(pidsFile) && readFileSync(pidsFile, "utf8"))
    .toMatch(/ \d+ $/);
  return readFileSync(pidsFile, "utf8").trim().split(" ").map(Number);
}

/** Whether the process runs. One whose parent has not asked about its end yet runs no more. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test("kill -9 of serve takes the deploy under way with it, however busy that is", async () => {
  const serving = serve({ STUB_HANGS: "1" });
  const pids = await deployPids();
  expect(pids.filter(isRunning)).toEqual(pids);
  serving.child.kill("SIGKILL");
  await serving.finished;
  await expect.poll(() => pids.filter(isRunning)).toEqual([]);
});

test("Ctrl-C while the app is deployed ends serve and the deploy, and releases the data directory", async () => {
  const serving = serve({ STUB_HANGS: "1" });
  const pids = await deployPids();
  serving.child.kill("SIGINT");
  const { exitCode, stderr } = await serving.finished;
  expect(exitCode).toBe(2);
  expect(stderr).toContain("Interrupted while the app was deployed");
  expect(pids.filter(isRunning)).toEqual([]);

  const again = serve();
  expect(await again.firstLine).toContain("is ready");
  again.child.kill("SIGINT");
  const ended = await again.finished;
  expect(ended.exitCode).toBe(0);
  expect(ended.stderr).toMatch(/Stopping …\nStopped; .* is on disk\.\n$/);
});

test("Ctrl-C while the deployment is opened ends serve at once", async () => {
  mkdirSync(join(app, "data"));
  const watcher = watch(join(app, "data"));
  const begun = once(watcher, "change");
  // The stub hangs: a deploy that was begun would have no end.
  const serving = serve({ STUB_HANGS: "1" });
  await begun;
  watcher.close();
  serving.child.kill("SIGINT");
  const { exitCode, stderr } = await serving.finished;
  expect(exitCode).toBe(2);
  expect(stderr).toContain("Interrupted");
});

test("a damaged deployment.json does not keep serve from ending", async () => {
  const serving = serve();
  await serving.firstLine;
  const file = join(app, ".sessions-ops/deployment.json");
  writeFileSync(file, "{damaged");
  serving.child.kill("SIGINT");
  const { exitCode, stderr } = await serving.finished;
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`${file} is not what`);
  // The data directory was closed, and can be opened.
  const again = serve();
  expect(await again.firstLine).toContain("is ready");
  again.child.kill("SIGINT");
  expect((await again.finished).exitCode).toBe(0);
});
