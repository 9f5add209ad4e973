import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { CliContext } from "../context.js";
import { CliError } from "./errors.js";
import type { AdminKey } from "./secret.js";

export interface DeployTo {
  url: string;
  adminKey: AdminKey;
  /** Show what the official CLI prints. */
  verbose: boolean;
}

/** Deploys the app in the current folder with the official CLI, as `npx convex deploy` would. */
export async function deployApp(
  context: CliContext,
  deployment: DeployTo,
): Promise<void> {
  const codegen = hasGeneratedCode(context.cwd) ? "disable" : "enable";
  const running = startConvex(context, deployment, [
    "deploy",
    "--yes",
    // Checking types is for `npx convex dev` and CI; here it would cost most of the start.
    "--typecheck=disable",
    `--codegen=${codegen}`,
  ]);
  let isInterrupted = false;
  const stopListening = context.onInterrupt(() => {
    isInterrupted = true;
    running.child.kill();
  });
  const exit = await running.ended.finally(stopListening);
  if (exit === 0) return;
  if (isInterrupted) {
    throw new CliError("cancelled", "Interrupted while the app was deployed.");
  }
  throw new CliError(
    "failure",
    `\`convex deploy\` of ${context.cwd} failed (${exit}).${deployment.verbose ? "" : `\n${running.output()}`}`,
  );
}

/** Deploys the app again whenever it changes, with the official `npx convex dev`. */
export function watchApp(
  context: CliContext,
  deployment: DeployTo,
): { ended: Promise<void>; stop: () => Promise<void> } {
  const { child, ended } = startConvex(
    context,
    // What is wrong with the code is what a developer watches for.
    { ...deployment, verbose: true },
    ["dev", "--typecheck=disable", "--tail-logs=disable"],
  );
  let isStopping = false;
  const stop = async (): Promise<void> => {
    isStopping = true;
    child.kill();
    await ended;
  };
  return {
    ended: ended.then((exit) => {
      if (isStopping) return;
      throw new CliError("failure", `\`convex dev\` ended (${exit}).`);
    }),
    stop,
  };
}

/** Starts the app's own official CLI, with this deployment as the only one it knows of. */
function startConvex(
  context: CliContext,
  deployment: DeployTo,
  args: string[],
) {
  const child = spawn(process.execPath, [convexBin(context.cwd), ...args], {
    cwd: context.cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...context.env,
      CONVEX_SELF_HOSTED_URL: deployment.url,
      CONVEX_SELF_HOSTED_ADMIN_KEY: deployment.adminKey.reveal(),
      // Blank, not absent: absent ones are read from the project's .env files and win or conflict.
      CONVEX_DEPLOYMENT: "",
      CONVEX_DEPLOY_KEY: "",
      CONVEX_DEPLOYMENT_TOKEN: "",
    },
  });
  const output: string[] = [];
  const collect = (chunk: Buffer): void => {
    const text = deployment.adminKey.redact(chunk.toString());
    if (deployment.verbose) context.stderr.write(text);
    else output.push(text);
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const ended = new Promise<number | string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return { child, ended, output: () => output.join("").trim() };
}

/** The app's own convex, so that its code is bundled by the version it was written for. */
function convexBin(cwd: string): string {
  const require = createRequire(join(cwd, "package.json"));
  let manifest: string;
  try {
    manifest = require.resolve("convex/package.json");
  } catch (error) {
    throw new CliError(
      "failure",
      `${cwd} has no convex package to deploy with. Run this in the folder of a Convex app, after \`npm install convex\`.`,
      { cause: error },
    );
  }
  return join(dirname(manifest), "bin", "main.js");
}

function hasGeneratedCode(cwd: string): boolean {
  return existsSync(join(cwd, functionsFolder(cwd), "_generated"));
}

function functionsFolder(cwd: string): string {
  const path = join(cwd, "convex.json");
  if (!existsSync(path)) return "convex";
  const config = JSON.parse(readFileSync(path, "utf8")) as {
    functions?: string;
  };
  return config.functions ?? "convex";
}
