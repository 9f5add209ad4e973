import { existsSync } from "node:fs";
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
import { CliError } from "../../errors.js";
import { checkedUrl, readAdminKey, WHERE_KEYS_COME_FROM } from "./checked.js";
import { namedDeployment, readDeployments } from "./deploymentsFile.js";
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
  /** Where the component is mounted, as the file of named deployments says. */
  readonly component?: string;
  /** Remarks on how it was chosen, for the operator. */
  readonly notes: readonly string[];
}

export interface TargetOptions {
  readonly url?: string;
  readonly adminKeyFile?: string;
  /** The name that `deployments add` gave it. */
  readonly deployment?: string;
}

/** Names a deployment for the commands of a shell. It counts in the environment only, never in a file. */
const VARIABLE = "SESSIONS_OPS_DEPLOYMENT";

/**
 * Chooses the deployment: the options, else SESSIONS_OPS_DEPLOYMENT, else the environment as the
 * official CLI reads it, else the deployment that `serve` runs in this folder, else the default of
 * `deployments use`. That comes last, and is said: whoever set it may not think of it any more. URL and
 * key always come from one source.
 */
export async function resolveTarget(
  context: CliContext,
  options: TargetOptions,
): Promise<Target> {
  const { url: given, adminKeyFile, deployment } = options;
  if (deployment !== undefined && (given ?? adminKeyFile) !== undefined) {
    throw new CliError(
      "usage",
      "--deployment, and --url or --admin-key-file, name a deployment each. Leave one out.",
    );
  }
  const found =
    deployment !== undefined
      ? namedTarget(context, deployment, "--deployment")
      : adminKeyFile !== undefined
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
  /** Whether it is in production, where its name's file says so. */
  readonly production?: boolean;
};

/**
 * The deployment of a name. Its key may go to its URL without a question: the operator has put the two
 * together, in a file that no project's folder holds.
 */
function namedTarget(
  context: CliContext,
  name: string,
  origin: string,
  notes: string[] = [],
): Found {
  const file = readDeployments(context);
  const { adminKeyFile, ...named } = namedDeployment(file, name, origin);
  const source = `deployment ${name}, ${origin}`;
  return {
    ...(named.component === undefined ? {} : { component: named.component }),
    ...(named.production === undefined ? {} : { production: named.production }),
    url: checkedUrl(named.url, source),
    adminKey: readAdminKey(adminKeyFile),
    source,
    isServedHere: false,
    isKnownToConvex: true,
    isFromFile: false,
    namedBy: { deployment: name },
    notes,
  };
}

/** The deployment of SESSIONS_OPS_DEPLOYMENT, with what it goes before here. */
function targetFromName(context: CliContext): Found | null {
  const name = context.env[VARIABLE];
  if (!name) return null;
  const ignored = namedHere({
    ...context,
    env: { ...context.env, [VARIABLE]: "" },
  });
  return namedTarget(
    context,
    name,
    VARIABLE,
    ignored === null ? [] : [`${ignored} is ignored: ${VARIABLE} is ${name}.`],
  );
}

function defaultTarget(context: CliContext): Found | null {
  const { default: name } = readDeployments(context);
  if (name === undefined) return null;
  const note = `Nothing here names a deployment, so it is ${name}, the default that \`sessions-ops deployments use\` has set.`;
  return namedTarget(context, name, "the default", [note]);
}

/** What names a deployment here, and so goes before the default; `null` where nothing does. */
export function namedHere({
  env,
  cwd,
}: Pick<CliContext, "env" | "cwd">): string | null {
  if (env[VARIABLE]) return `${VARIABLE} (${ENVIRONMENT})`;
  const layers = readEnvLayers(env, cwd);
  const deployKey = findDeployKey(layers);
  if (deployKey) return `${deployKey.variable} (${deployKey.layer})`;
  for (const variable of [
    "CONVEX_SELF_HOSTED_URL",
    "CONVEX_SELF_HOSTED_ADMIN_KEY",
    "CONVEX_DEPLOYMENT",
  ]) {
    const found = lookup(layers, variable);
    if (found) return `${variable} (${found.layer})`;
  }
  const isServed = existsSync(runningDeploymentFile(cwd));
  return isServed ? "the deployment of `serve` in this folder" : null;
}

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
  const found =
    targetFromName(context) ??
    (await targetFromEnvironment(context)) ??
    targetFromServe(context) ??
    defaultTarget(context);
  if (found !== null) return found;
  throw new CliError(
    "unreachable",
    [
      "No deployment to talk to. Name one of these:",
      "  --url URL --admin-key-file FILE",
      "  --deployment NAME, as `sessions-ops deployments list` has it",
      "  CONVEX_DEPLOY_KEY, or CONVEX_SELF_HOSTED_URL and CONVEX_SELF_HOSTED_ADMIN_KEY, in the environment, .env.local or .env",
      "  `sessions-ops serve`, running in this folder",
    ].join("\n"),
    { retryable: false },
  );
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
 * login, or has it in a file of its local deployment.
 */
function keylessDeployment(context: CliContext, deployment: string): CliError {
  const [kind = "", name = deployment] = deployment.split(":");
  const running = readRunningDeployment(context.cwd);
  const served =
    running && doubt(running) === null && context.isProcessAlive(running.pid)
      ? ` For the deployment that \`serve\` runs in this folder, add ${shellCommand("--url", running.url, "--admin-key-file", running.adminKeyFile)}.`
      : "";
  const remedy = ["local", "anonymous"].includes(kind)
    ? "Convex's own local deployment has it as `adminKey` in .convex/local/default/config.json: write it to a file, and pass that with --admin-key-file, and the deployment's address with --url."
    : `Set CONVEX_DEPLOY_KEY to a deploy key from https://dashboard.convex.dev/d/${name}/settings.`;
  return new CliError(
    "unauthorized",
    `CONVEX_DEPLOYMENT is ${deployment}, but there is no key for it. ${remedy}${served}`,
  );
}

/** The deployment that runs in this folder. One that is gone is not silently another. */
function targetFromServe(context: CliContext): Found | null {
  const file = runningDeploymentFile(context.cwd);
  const running = readRunningDeployment(context.cwd);
  if (running === null) return null;
  if (!context.isProcessAlive(running.pid)) {
    throw new CliError(
      "unreachable",
      `The deployment that ${file} names (${running.url}) no longer runs: process ${running.pid} is gone. Start it again with \`sessions-ops serve\`, or name another: --deployment NAME, or --url URL --admin-key-file FILE.`,
      { retryable: false },
    );
  }
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
