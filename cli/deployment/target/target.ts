import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { CliContext } from "../../context.js";
import { deployKeyTarget, findDeployKey } from "./deployKey.js";
import {
  ENVIRONMENT,
  lookup,
  readEnvLayers,
  type EnvLayer,
  type EnvValue,
} from "./dotenvFiles.js";
import { CliError, messageOf } from "../../errors.js";
import {
  checkRunning,
  doubt,
  readRunningDeployment,
  runningDeploymentFile,
} from "./runningDeployment.js";
import { isLoopback, nameInProduction } from "./production.js";
import { shellCommand, type TargetFlags } from "../../terminal/shell.js";
import { AdminKey } from "./adminKey.js";

/** The deployment a command talks to. */
export interface Target {
  readonly url: string;
  readonly adminKey: AdminKey;
  /** The origin of the URL and of the key, for people. */
  readonly source: string;
  /** Whether `serve` runs it in this folder. */
  readonly isServedHere: boolean;
  /** Whether it is on this machine, or the key's own issuer says that it is the key's. */
  readonly isVouchedFor: boolean;
  /** The name to type before a write, where the deployment is, or may be, in production; else `null`. */
  readonly productionName: string | null;
  /**
   * The flags that name it on another command line: none where this folder does, else its URL, which
   * alone is refused where the environment that has the key is another.
   */
  readonly namedBy: TargetFlags;
  /** Remarks on how it was chosen, for the operator. */
  readonly notes: readonly string[];
}

export interface TargetOptions {
  readonly url?: string;
  readonly adminKeyFile?: string;
}

const WHERE_KEYS_COME_FROM =
  "Convex Cloud: the deployment's settings on https://dashboard.convex.dev; self-hosted: ./generate_admin_key.sh in the backend's container; `sessions-ops serve`: the file admin-key in its data directory";

/**
 * Chooses the deployment: the options, else the environment as the official CLI reads it, else
 * the deployment that `serve` runs in this folder. URL and key always come from one source.
 */
export async function resolveTarget(
  context: CliContext,
  options: TargetOptions,
): Promise<Target> {
  const { url: given, adminKeyFile } = options;
  const found =
    adminKeyFile !== undefined
      ? targetFromOptions(context, given, adminKeyFile)
      : given !== undefined
        ? await targetOfUrl(context, given)
        : await targetHere(context);
  const layers = readEnvLayers(context.env, context.cwd);
  const { productionName, doubted } = nameInProduction(found, layers);
  return {
    ...found,
    isVouchedFor:
      found.isKnownToConvex || isLoopback(new URL(found.url).hostname),
    productionName,
    notes: doubted === null ? found.notes : [...found.notes, doubted],
  };
}

type Found = Omit<Target, "productionName" | "isVouchedFor"> & {
  readonly isKnownToConvex: boolean;
  /** Whether it was named by a file of this folder, which may have come from elsewhere. */
  readonly isFromFile: boolean;
};

function targetFromOptions(
  context: CliContext,
  given: string | undefined,
  adminKeyFile: string,
): Found {
  if (given === undefined) {
    throw new CliError(
      "usage",
      "--admin-key-file needs --url: the key and the URL come from one source.",
    );
  }
  const url = checkedUrl(given, "--url");
  return {
    url,
    adminKey: readAdminKey(resolve(context.cwd, adminKeyFile)),
    source: "--url",
    isServedHere: false,
    isKnownToConvex: false,
    isFromFile: false,
    namedBy: { url: given, adminKeyFile },
    notes: [],
  };
}

/**
 * The deployment of a URL that was given alone. It takes its key from here only where it is the one
 * named here.
 */
async function targetOfUrl(context: CliContext, given: string): Promise<Found> {
  const url = checkedUrl(given, "--url");
  const here = await targetHere(context).catch((error: unknown): null => {
    if (error instanceof CliError) return null;
    throw error;
  });
  if (here?.url === url) return { ...here, namedBy: { url: given } };
  const other =
    here === null
      ? ""
      : `; the key here (${here.source}) is that of ${here.url}`;
  throw new CliError(
    "unauthorized",
    `--url ${given} needs --admin-key-file with the deployment's key${other}. ${WHERE_KEYS_COME_FROM}.`,
  );
}

async function targetHere(context: CliContext): Promise<Found> {
  return (await targetFromEnvironment(context)) ?? targetFromServe(context);
}

async function targetFromEnvironment(
  context: CliContext,
): Promise<Found | null> {
  const layers = readEnvLayers(context.env, context.cwd);
  const deployKey = findDeployKey(layers);
  if (deployKey) {
    const ignored = lookup(layers, "CONVEX_SELF_HOSTED_URL");
    const { url, ...key } = await deployKeyTarget(context, deployKey, layers);
    return {
      ...fromLayer(url, `${deployKey.variable} from`, deployKey),
      ...key,
      notes: ignored
        ? [
            `CONVEX_SELF_HOSTED_URL (${ignored.layer}) is ignored: ${deployKey.variable} goes first, as for the official CLI.`,
          ]
        : [],
    };
  }
  return selfHostedTarget(context, layers);
}

function selfHostedTarget(
  context: CliContext,
  layers: EnvLayer[],
): Found | null {
  const url = lookup(layers, "CONVEX_SELF_HOSTED_URL");
  const key = lookup(layers, "CONVEX_SELF_HOSTED_ADMIN_KEY");
  const deployment = lookup(layers, "CONVEX_DEPLOYMENT");
  if (deployment && (url || key)) {
    throw new CliError(
      "usage",
      `CONVEX_DEPLOYMENT (${deployment.layer}) and ${url ? "CONVEX_SELF_HOSTED_URL" : "CONVEX_SELF_HOSTED_ADMIN_KEY"} (${(url ?? key)?.layer ?? ""}) name two deployments. Unset one of them.`,
    );
  }
  if (deployment) throw keylessDeployment(context, deployment.value);
  if (!url && !key) return null;
  if (!url) {
    throw new CliError(
      "usage",
      "CONVEX_SELF_HOSTED_ADMIN_KEY is set without CONVEX_SELF_HOSTED_URL. Set both in one place.",
    );
  }
  if (!key) {
    throw new CliError(
      "unauthorized",
      `CONVEX_SELF_HOSTED_URL is ${url.value}, but CONVEX_SELF_HOSTED_ADMIN_KEY is not set. ${WHERE_KEYS_COME_FROM}.`,
    );
  }
  if (url.layer !== key.layer) {
    throw new CliError(
      "usage",
      `CONVEX_SELF_HOSTED_URL comes from ${url.layer} and CONVEX_SELF_HOSTED_ADMIN_KEY from ${key.layer}, which may be two deployments. Set both in one place.`,
    );
  }
  return {
    ...fromLayer(url.value, "CONVEX_SELF_HOSTED_URL from", url),
    adminKey: new AdminKey(key.value, "CONVEX_SELF_HOSTED_ADMIN_KEY"),
    isKnownToConvex: false,
    notes: [],
  };
}

/**
 * The target that a variable names. A file is there for the next command too and needs no flags; a
 * variable may have been set for this one alone.
 */
function fromLayer(
  text: string,
  from: string,
  { layer }: EnvValue,
): Pick<Found, "url" | "source" | "namedBy" | "isServedHere" | "isFromFile"> {
  const source = `${from} ${layer}`;
  const url = checkedUrl(text, source);
  const isFromFile = layer !== ENVIRONMENT;
  const namedBy = isFromFile ? {} : { url };
  return { url, source, namedBy, isServedHere: false, isFromFile };
}

/**
 * The error for CONVEX_DEPLOYMENT without a key: the official CLI fetches one with the developer's
 * login, and this one has no login.
 */
function keylessDeployment(context: CliContext, deployment: string): CliError {
  const name = deployment.split(":").at(-1) ?? deployment;
  const running = readRunningDeployment(context.cwd);
  const local =
    running && doubt(running) === null && context.isProcessAlive(running.pid)
      ? ` For the deployment that \`serve\` runs in this folder, add ${shellCommand("--url", running.url, "--admin-key-file", running.adminKeyFile)}.`
      : "";
  return new CliError(
    "unauthorized",
    `CONVEX_DEPLOYMENT is ${deployment}, but there is no key for it. Set CONVEX_DEPLOY_KEY to a deploy key from https://dashboard.convex.dev/d/${name}/settings.${local}`,
  );
}

function targetFromServe(context: CliContext): Found {
  const file = runningDeploymentFile(context.cwd);
  const running = readRunningDeployment(context.cwd);
  if (running && context.isProcessAlive(running.pid)) {
    checkRunning(file, running);
    const source = "sessions-ops serve in this folder";
    return {
      url: checkedUrl(running.url, source),
      adminKey: readAdminKey(running.adminKeyFile),
      source,
      isServedHere: true,
      isKnownToConvex: false,
      isFromFile: true,
      namedBy: {},
      notes: [],
    };
  }
  throw new CliError(
    "unreachable",
    [
      running
        ? `The deployment that ${file} names (${running.url}) no longer runs: process ${running.pid} is gone. Start it again with \`sessions-ops serve\`.`
        : "No deployment to talk to. Name one of these:",
      "  --url URL --admin-key-file FILE",
      "  CONVEX_DEPLOY_KEY, or CONVEX_SELF_HOSTED_URL and CONVEX_SELF_HOSTED_ADMIN_KEY, in the environment, .env.local or .env",
      "  `sessions-ops serve`, running in this folder",
    ].join("\n"),
    { retryable: false },
  );
}

function readAdminKey(path: string): AdminKey {
  if (!existsSync(path)) {
    throw new CliError(
      "unauthorized",
      `There is no admin key file at ${path}. ${WHERE_KEYS_COME_FROM}.`,
    );
  }
  try {
    return new AdminKey(readFileSync(path, "utf8"), path);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(
      "unauthorized",
      `The admin key file ${path} cannot be read: ${messageOf(error)}`,
    );
  }
}

function checkedUrl(text: string, source: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !["http:", "https:"].includes(url.protocol)) {
    throw new CliError(
      "usage",
      `${JSON.stringify(text)} (${source}) is not the URL of a deployment. Give one such as https://happy-animal-123.convex.cloud.`,
    );
  }
  if (url.username || url.password) {
    throw new CliError(
      "usage",
      `The deployment's URL (${source}) contains a user name or a password. Leave them out; the admin key is all it needs.`,
    );
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}
