import type { CliContext } from "../../context.js";
import type { EnvLayer, EnvValue } from "./dotenvFiles.js";
import { ENVIRONMENT, lookup } from "./dotenvFiles.js";
import { CliError } from "../../errors.js";
import { networkReason } from "../failures.js";
import type { Answer } from "../http.js";
import { AdminKey } from "./adminKey.js";

/**
 * The deploy key in force and the variable it is in. `CONVEX_DEPLOYMENT_TOKEN` is the official
 * CLI's second name for it, and `<ignore_deploy_key>` its way to switch one off.
 */
export function findDeployKey(
  layers: EnvLayer[],
): (EnvValue & { variable: string }) | null {
  for (const variable of ["CONVEX_DEPLOY_KEY", "CONVEX_DEPLOYMENT_TOKEN"]) {
    const found = lookup(layers, variable);
    if (!found) continue;
    if (found.value === "<ignore_deploy_key>") return null;
    return { ...found, variable };
  }
  return null;
}

/**
 * The URL a deploy key belongs to. The key does not contain it (a deployment may have its own
 * domain): it is `CONVEX_URL` where that stands beside the key, else Convex is asked, as the
 * official CLI does. A `CONVEX_URL` from another layer is not used: `.env.local` names the
 * development deployment while the key in the environment may be production's.
 */
export async function deployKeyTarget(
  context: CliContext,
  found: EnvValue & { variable: string },
  layers: EnvLayer[],
): Promise<{ url: string; adminKey: AdminKey; isKnownToConvex: boolean }> {
  const origin = `${found.variable} (${found.layer})`;
  const name = deploymentName(found.value, origin);
  const adminKey = new AdminKey(found.value, origin);
  const beside = layers.find((layer) => layer.name === found.layer)?.values[
    "CONVEX_URL"
  ];
  if (!beside) {
    const url = await askConvex(context, adminKey, hostOfConvex(found, layers));
    return { url, adminKey, isKnownToConvex: true };
  }
  const { protocol = "", hostname: host = "" } = URL.canParse(beside)
    ? new URL(beside)
    : {};
  const isOfCloud = host.endsWith(".convex.cloud");
  if (isOfCloud && host.split(".")[0] !== name) {
    throw new CliError(
      "usage",
      `${origin} is a key of the deployment ${name}, but CONVEX_URL is ${beside}. Set the URL of ${name}, or leave CONVEX_URL out.`,
    );
  }
  const isKnownToConvex = isOfCloud && protocol === "https:";
  return { url: beside, adminKey, isKnownToConvex };
}

/**
 * The deployment in a key that reads `prod:name|secret`; keys of projects and of previews to come name
 * none.
 */
function deploymentName(key: string, origin: string): string {
  const [prefix = "", ...secret] = key.split("|");
  const parts = prefix.split(":");
  const isPreview = parts[0] === "preview" && parts.length === 3;
  if (secret.length === 0 || parts[0] === "project" || isPreview) {
    throw new CliError(
      "unauthorized",
      `${origin} is not the key of one deployment. Create a deploy key in the deployment's settings (https://dashboard.convex.dev) and set that.`,
    );
  }
  return parts.at(-1) ?? prefix;
}

/**
 * The host of Convex that the key is sent to. It is taken from where the key is, or from the process
 * itself, and never from another file.
 */
function hostOfConvex({ layer }: EnvValue, layers: EnvLayer[]): string {
  const told = lookup(layers, "CONVEX_PROVISION_HOST");
  const isBelieved = [layer, ENVIRONMENT].includes(told?.layer ?? "");
  return isBelieved && told ? told.value : "https://api.convex.dev";
}

async function askConvex(
  context: CliContext,
  adminKey: AdminKey,
  host: string,
): Promise<string> {
  const advice =
    "Set CONVEX_URL beside the key to the deployment's URL, or check the key.";
  let response: Answer;
  try {
    response = await context.fetch(`${host}/api/deployment/url_for_key`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Authorization: `Bearer ${adminKey.reveal()}`,
      },
      body: JSON.stringify({ deployKey: adminKey.reveal() }),
      signal: AbortSignal.timeout(30_000),
    });
  } catch (error) {
    throw new CliError(
      "unreachable",
      `Could not ask ${host} which deployment the deploy key belongs to (${adminKey.redact(networkReason(error))}). ${advice}`,
    );
  }
  const answer: unknown = response.ok ? await response.json() : null;
  if (typeof answer !== "string" || !URL.canParse(answer)) {
    throw new CliError(
      "unauthorized",
      `${host} does not know the deployment of this deploy key (status ${response.status}). ${advice}`,
    );
  }
  return answer;
}
