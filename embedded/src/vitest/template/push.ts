import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { openDeployment } from "../../index.js";
import { partsOf } from "../../parts.js";
import { systemClock, type Clock } from "../../clock.js";
import { TestDeploymentError } from "../errors.js";
import { PUSHED_MS } from "../clock/times.js";
import type { App } from "./app.js";

/** A push takes seconds; one that goes on for so long waits for something that does not come. */
const DEADLINE_MS = 5 * 60_000;

/**
 * Makes a data directory with the app in it, pushed by the app's own official CLI. Nothing of it has run.
 * @throws TestDeploymentError "pushFailed" with what the CLI said
 */
export async function pushInto(
  dataDir: string,
  app: App,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const deployment = await openDeployment({
    dataDir,
    port: 0,
    clock: longAgo(),
    holdJobs: true,
  });
  try {
    const { live } = partsOf(deployment);
    await live.changeEnvironment(
      Object.entries(env).map(([name, value]) => ({ name, value })),
    );
    await runCli(app, deployment);
  } finally {
    await deployment.close();
  }
}

/** A clock that runs, but long ago: times of a deployment only grow, and tests begin when they like. */
function longAgo(): Clock {
  const behindMs = Date.now() - PUSHED_MS;
  return { ...systemClock, now: () => Date.now() - behindMs };
}

async function runCli(
  { root, functions, cli }: App,
  { url, adminKey }: { url: string; adminKey: string },
): Promise<void> {
  const hasCode = existsSync(path.join(functions, "_generated"));
  const args = [
    ...["deploy", "--yes", "--typecheck=disable"],
    `--codegen=${hasCode ? "disable" : "enable"}`,
  ];
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: root,
    env: {
      ...process.env,
      // Options of the process of tests, such as loaders, are not the CLI's.
      NODE_OPTIONS: "",
      CONVEX_SELF_HOSTED_URL: url,
      CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey,
      // Blank, not absent: absent ones are read from the project's .env files.
      CONVEX_DEPLOYMENT: "",
      CONVEX_DEPLOY_KEY: "",
      CONVEX_DEPLOYMENT_TOKEN: "",
    },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: DEADLINE_MS,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const code = await new Promise<number | string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => resolve(status ?? signal ?? ""));
  });
  if (code === 0) return;
  throw new TestDeploymentError(
    "pushFailed",
    `The app in ${root} could not be pushed: \`convex deploy\` ended with ${code}.\n${output.replaceAll(adminKey, "[admin key]").trim()}`,
  );
}
