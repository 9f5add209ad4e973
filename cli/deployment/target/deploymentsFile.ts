/**
 * The deployments that the operator has named, in a file of the account. It is never looked for in a
 * folder of a project: one that came from elsewhere could give a name of the operator's to its author's
 * server. Keys stay in files of their own.
 */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import type { CliContext } from "../../context.js";
import { CliError, codeOf, messageOf } from "../../errors.js";

/** A deployment as the file has it. */
export interface NamedDeployment {
  readonly url: string;
  /** An absolute path. */
  readonly adminKeyFile: string;
  /** Where the component is mounted. */
  readonly component?: string;
  /** Whether it is in production; without it, as its key and its address tell. */
  readonly production?: boolean;
}

/** What is in the file. Fields that are not ours stay in it. */
export interface DeploymentsFile {
  readonly version: 1;
  /** The deployment of commands where nothing else names one. */
  readonly default?: string;
  readonly deployments: Readonly<Record<string, NamedDeployment>>;
}

type Env = Pick<CliContext, "env">;

/** The path of the file. @throws usage, where the account has no folder for it */
export function deploymentsFile({ env }: Env): string {
  const path = pathFor(env);
  if (path !== null) return path;
  throw new CliError(
    "usage",
    "There is no place for a file of deployments: set HOME or XDG_CONFIG_HOME.",
  );
}

/** The file's content; without deployments where there is no file. @throws failure, where it is broken */
export function readDeployments({ env }: Env): DeploymentsFile {
  const path = pathFor(env);
  if (path === null || !existsSync(path)) return EMPTY;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new CliError(
      "failure",
      `${path} cannot be read: ${messageOf(error)}`,
    );
  }
  return parsed(text, path);
}

/** The named one of the deployments. @throws usage, where there is none; with the names there are */
export function namedDeployment(
  { deployments }: DeploymentsFile,
  name: string,
  origin: string,
): NamedDeployment {
  if (Object.hasOwn(deployments, name)) {
    const found = deployments[name];
    if (found !== undefined) return found;
  }
  const names = Object.keys(deployments).sort();
  throw new CliError(
    "usage",
    `There is no deployment ${JSON.stringify(name)} (${origin}). ${names.length === 0 ? "None are named yet; `sessions-ops deployments add` does" : `There are: ${names.join(", ")}`}.`,
  );
}

/**
 * Changes the file. A reader sees it as it was or as it becomes, and of two commands that change it at
 * once the second is refused, so that nothing is lost. @throws failure, where it is broken
 */
export function changeDeployments(
  context: Env,
  change: (file: DeploymentsFile) => DeploymentsFile,
): void {
  const path = deploymentsFile(context);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // A link, as those who keep such files in a repository have, stays one.
  const file = existsSync(path) ? realpathSync(path) : path;
  const part = `${file}.new`;
  try {
    writeFileSync(part, "", { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    throw new CliError(
      "failure",
      `${part} is there: another command is changing the file, or was interrupted in it. Try again; delete it where it stays.`,
    );
  }
  try {
    const changed = change(readDeployments(context));
    writeFileSync(part, `${JSON.stringify(changed, null, 2)}\n`);
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

/** Whether a deployment can have the name: it needs no quotes in a shell, and is no option and no URL. */
export function isDeploymentName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const EMPTY: DeploymentsFile = { version: 1, deployments: {} };

function pathFor(env: CliContext["env"]): string | null {
  const home = env["HOME"] || env["USERPROFILE"];
  const told = env["XDG_CONFIG_HOME"] ?? "";
  // A relative one would be in whatever folder this is; the standard has it ignored.
  const config = isAbsolute(told) ? told : home ? join(home, ".config") : null;
  return config && join(config, "sessions-ops", "deployments.json");
}

function parsed(text: string, path: string): DeploymentsFile {
  const broken = (why: string) =>
    new CliError(
      "failure",
      `${path} cannot be used: ${why}. It was left as it is; mend it, or move it away.`,
    );
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw broken(messageOf(error));
  }
  if (!isObject(content)) throw broken("it is not a JSON object");
  const { version, deployments, default: chosen } = content;
  if (typeof version === "number" && version > 1) {
    throw broken(
      `it is of version ${version}, which a newer sessions-ops has written`,
    );
  }
  if (version !== 1) throw broken("its version is not 1");
  if (!isObject(deployments)) throw broken("deployments is not an object");
  for (const [name, deployment] of Object.entries(deployments)) {
    const why = isDeploymentName(name)
      ? fault(deployment)
      : "it is not a name for a deployment";
    if (why !== null) throw broken(`deployments.${name}: ${why}`);
  }
  const isThere =
    typeof chosen === "string" && Object.hasOwn(deployments, chosen);
  if (chosen !== undefined && !isThere) {
    throw broken("default is not the name of one of its deployments");
  }
  return content as unknown as DeploymentsFile;
}

/** What is wrong with a deployment of the file; `null` where nothing is. */
function fault(deployment: unknown): string | null {
  if (!isObject(deployment)) return "it is not an object";
  const { url, adminKeyFile, component, production } = deployment;
  if (typeof url !== "string") return "url is not a string";
  if (typeof adminKeyFile !== "string" || !isAbsolute(adminKeyFile)) {
    return "adminKeyFile is not an absolute path";
  }
  if (component !== undefined && typeof component !== "string") {
    return "component is not a string";
  }
  return production === undefined || typeof production === "boolean"
    ? null
    : "production is neither true nor false";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
