import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { CliContext } from "../context.js";
import { startBound } from "./boundChild.js";
import { CliError } from "../errors.js";
import type { AdminKey } from "../deployment/target/adminKey.js";

export interface DeployTo {
  url: string;
  adminKey: AdminKey;
  /** Whether to show the output of the official CLI. */
  verbose: boolean;
}

/**
 * The time a deploy may take. It takes seconds; a deploy that goes on for so long asks for something that it
 * does not get.
 */
const DEPLOY_DEADLINE_MS = 10 * 60_000;

/** Deploys the app in the current folder with the official CLI, as `npx convex deploy` would. */
export async function deployApp(
  context: CliContext,
  deployment: DeployTo,
): Promise<void> {
  const codegen = hasGeneratedCode(context.cwd) ? "disable" : "enable";
  const running = startConvex(context, deployment, [
    "deploy",
    "--yes",
    // Types are checked by `npx convex dev` and CI; here it would cost most of the start.
    "--typecheck=disable",
    `--codegen=${codegen}`,
  ]);
  let endedBy: "interrupt" | "deadline" | null = null;
  const endBecause = (why: "interrupt" | "deadline") => {
    endedBy ??= why;
    running.end();
  };
  const stopListening = context.onInterrupt(() => endBecause("interrupt"));
  const late = setTimeout(() => endBecause("deadline"), DEPLOY_DEADLINE_MS);
  const exit = await running.ended.finally(() => {
    stopListening();
    clearTimeout(late);
  });
  if (exit === 0) return;
  switch (endedBy as "interrupt" | "deadline" | null) {
    case "interrupt":
      throw new CliError(
        "cancelled",
        "Interrupted while the app was deployed.",
      );
    case "deadline":
      throw new CliError(
        "failure",
        `\`convex deploy\` of ${context.cwd} did not end within ${DEPLOY_DEADLINE_MS / 60_000} minutes, and was ended. Run it with --verbose to see how far it comes.`,
      );
    case null:
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
  const watched = startConvex(
    context,
    // The developer watches for errors in the code.
    { ...deployment, verbose: true },
    ["dev", "--typecheck=disable", "--tail-logs=disable"],
  );
  let isStopping = false;
  const stop = async (): Promise<void> => {
    isStopping = true;
    watched.end();
    await watched.ended;
  };
  return {
    ended: watched.ended.then((exit) => {
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
  const child = startBound([convexBin(context.cwd), ...args], {
    cwd: context.cwd,
    env: {
      ...context.env,
      CONVEX_SELF_HOSTED_URL: deployment.url,
      CONVEX_SELF_HOSTED_ADMIN_KEY: deployment.adminKey.reveal(),
      // These variables are blank, not absent: absent ones are read from the project's .env files and
      // win or conflict.
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
  child.process.stdout?.on("data", collect);
  child.process.stderr?.on("data", collect);
  return { ...child, output: () => output.join("").trim() };
}

/** The path of the app's own convex, so that its code is bundled by the version it was written for. */
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
