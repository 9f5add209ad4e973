import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CliError } from "./errors.js";

/** What `serve` leaves in the folder it runs in, so that the CLI finds the deployment there. */
export interface RunningDeployment {
  url: string;
  dataDir: string;
  adminKeyFile: string;
  pid: number;
}

export function runningDeploymentFile(cwd: string): string {
  return join(cwd, ".sessions-ops", "deployment.json");
}

export function writeRunningDeployment(
  cwd: string,
  deployment: RunningDeployment,
): void {
  const path = runningDeploymentFile(cwd);
  mkdirSync(dirname(path), { recursive: true });
  // The data and its admin key are beside this file by default: nothing of it is for a repository.
  writeFileSync(join(dirname(path), ".gitignore"), "*\n");
  writeFileSync(path, `${JSON.stringify(deployment, null, 2)}\n`);
}

/** Removes the file, unless another `serve` has taken the folder over. */
export function removeRunningDeployment(cwd: string, pid: number): void {
  if (readRunningDeployment(cwd)?.pid === pid) {
    rmSync(runningDeploymentFile(cwd), { force: true });
  }
}

/** The deployment last started in this folder; whether it still runs is for the caller to ask. */
export function readRunningDeployment(cwd: string): RunningDeployment | null {
  const path = runningDeploymentFile(cwd);
  if (!existsSync(path)) return null;
  const content = parseJson(readFileSync(path, "utf8"));
  if (!isRunningDeployment(content)) {
    throw new CliError(
      "failure",
      `${path} is not what \`sessions-ops serve\` writes. Delete it and start the deployment again.`,
    );
  }
  return content;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRunningDeployment(value: unknown): value is RunningDeployment {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Record<keyof RunningDeployment, unknown>;
  return (
    typeof fields.url === "string" &&
    typeof fields.dataDir === "string" &&
    typeof fields.adminKeyFile === "string" &&
    typeof fields.pid === "number"
  );
}
