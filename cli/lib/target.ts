import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { CliContext } from "../context.js";
import { deployKeyTarget, findDeployKey } from "./deployKey.js";
import { lookup, readEnvLayers, type EnvLayer } from "./dotenvFiles.js";
import { CliError, messageOf } from "./errors.js";
import {
  readRunningDeployment,
  runningDeploymentFile,
} from "./runningDeployment.js";
import { nameInProduction } from "./production.js";
import { shellCommand } from "./shell.js";
import { AdminKey } from "./secret.js";

/** The deployment a command talks to. */
export interface Target {
  readonly url: string;
  readonly adminKey: AdminKey;
  /** Where the URL and the key came from, for people. */
  readonly source: string;
  /** What to type before a write, where the deployment is, or may be, in production; else `null`. */
  readonly productionName: string | null;
  /** Things worth saying about how it was chosen. */
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
  const named =
    targetFromOptions(context, options) ??
    (await targetFromEnvironment(context));
  const found = named ?? targetFromServe(context);
  const url = checkedUrl(found.url, found.source);
  const layers = readEnvLayers(context.env, context.cwd);
  const isServedHere = named === null;
  const productionName = nameInProduction(
    { url, adminKey: found.adminKey, isServedHere },
    layers,
  );
  return { ...found, url, productionName };
}

type Found = Omit<Target, "productionName">;

function targetFromOptions(
  context: CliContext,
  { url, adminKeyFile }: TargetOptions,
): Found | null {
  if (url === undefined && adminKeyFile === undefined) return null;
  if (url === undefined) {
    throw new CliError(
      "usage",
      "--admin-key-file needs --url: the key and the URL come from one source.",
    );
  }
  if (adminKeyFile === undefined) {
    throw new CliError(
      "unauthorized",
      `--url ${url} needs --admin-key-file with the deployment's key. ${WHERE_KEYS_COME_FROM}.`,
    );
  }
  const path = resolve(context.cwd, adminKeyFile);
  return {
    url,
    adminKey: readAdminKey(path),
    source: "--url",
    notes: [],
  };
}

async function targetFromEnvironment(
  context: CliContext,
): Promise<Found | null> {
  const layers = readEnvLayers(context.env, context.cwd);
  const deployKey = findDeployKey(layers);
  if (deployKey) {
    const ignored = lookup(layers, "CONVEX_SELF_HOSTED_URL");
    return {
      ...(await deployKeyTarget(context, deployKey, layers)),
      source: `${deployKey.variable} from ${deployKey.layer}`,
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
    url: url.value,
    adminKey: new AdminKey(key.value, "CONVEX_SELF_HOSTED_ADMIN_KEY"),
    source: `CONVEX_SELF_HOSTED_URL from ${url.layer}`,
    notes: [],
  };
}

/** The official CLI fetches a key for CONVEX_DEPLOYMENT with the developer's login; we have none. */
function keylessDeployment(context: CliContext, deployment: string): CliError {
  const name = deployment.split(":").at(-1) ?? deployment;
  const running = readRunningDeployment(context.cwd);
  const local =
    running && context.isProcessAlive(running.pid)
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
    return {
      url: running.url,
      adminKey: readAdminKey(running.adminKeyFile),
      source: "sessions-ops serve in this folder",
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
