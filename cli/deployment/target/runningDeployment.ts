import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import type { CliContext } from "../../context.js";
import { CliError } from "../../errors.js";
import { isLoopback } from "./production.js";

/** The note that `serve` leaves in the folder it runs in, so that the CLI finds the deployment there. */
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
  // The data and its admin key are beside this file by default: neither is for a repository.
  writeFileSync(join(dirname(path), ".gitignore"), "*\n");
  writeFileSync(path, `${JSON.stringify(deployment, null, 2)}\n`);
}

/** Removes the file, unless another `serve` has taken the folder over. */
export function removeRunningDeployment(cwd: string, pid: number): void {
  if (readRunningDeployment(cwd)?.pid === pid) {
    rmSync(runningDeploymentFile(cwd), { force: true });
  }
}

/**
 * Removes the file that a killed process has left, whole or not, so that whoever waits for it waits for the next one. In a
 * container the next one has the same id.
 */
export function removeLeftDeployment(
  { cwd, isProcessAlive }: Pick<CliContext, "cwd" | "isProcessAlive">,
  ownPid: number,
): void {
  const path = runningDeploymentFile(cwd);
  const left = existsSync(path) ? parseJson(readFileSync(path, "utf8")) : null;
  const isTheirs = isRunningDeployment(left) && left.pid !== ownPid;
  if (isTheirs && isProcessAlive(left.pid)) return;
  rmSync(path, { force: true });
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

/**
 * Refuses a deployment whose file may have come with the folder: the file is believed only where the
 * key goes to this machine, and is one that a deployment keeps in its own data directory.
 */
export function checkRunning(
  file: string,
  deployment: RunningDeployment,
): void {
  const why = doubt(deployment);
  if (why === null) return;
  throw new CliError(
    "unauthorized",
    `${file} is not believed, so no key was sent: ${why}. Delete the file, or give --url and --admin-key-file.`,
  );
}

/** The reason why the file may have come with the folder; `null` where it may be believed. */
export function doubt({
  url,
  dataDir,
  adminKeyFile,
}: RunningDeployment): string | null {
  if (!URL.canParse(url) || !isLoopback(new URL(url).hostname)) {
    return `${url} is not on this machine`;
  }
  return isWithin(adminKeyFile, dataDir)
    ? null
    : `its key file ${adminKeyFile} is not in its data directory ${dataDir}`;
}

/** Whether the file is in the folder, once links are followed. */
function isWithin(file: string, folder: string): boolean {
  const [path, root] = [file, folder].map((each) =>
    existsSync(each) ? realpathSync(each) : resolve(each),
  );
  return path !== undefined && path.startsWith(`${root}${sep}`);
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
