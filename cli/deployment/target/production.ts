/** Telling production from the rest, so that a write to it is never made by accident. */
import { isIPv4 } from "node:net";
import type { CliContext } from "../../context.js";
import { ENVIRONMENT, lookup, type EnvLayer } from "./dotenvFiles.js";
import { CliError } from "../../errors.js";
import { colorsFor } from "../../terminal/output.js";
import type { AdminKey } from "./adminKey.js";

const VARIABLE = "SESSIONS_OPS_PRODUCTION";

interface Named {
  url: string;
  adminKey: AdminKey;
  /** Whether `serve` runs it in this folder. */
  isServedHere: boolean;
  /** Whether a file of this folder names it. */
  isFromFile: boolean;
  /** Whether it is in production, as the operator's own file of deployments says. */
  production?: boolean;
}

interface InProduction {
  /** The name to type before a write: the deployment's, or `null` outside production. */
  productionName: string | null;
  /** The reason why a `no` was not believed. */
  doubted: string | null;
}

/**
 * Tells whether a deployment is in production. A deploy key of Convex Cloud says what it is for. Keys
 * of self-hosted deployments do not: those on this machine are not in production, and all others are,
 * unless SESSIONS_OPS_PRODUCTION, or the operator's file of deployments, says no. Of two that differ the
 * one that says yes is believed. A file of a folder that came from elsewhere says so of what
 * that folder names, and of nothing else.
 */
export function nameInProduction(
  { url, adminKey, isServedHere, isFromFile, production }: Named,
  layers: EnvLayer[],
): InProduction {
  const { hostname } = new URL(url);
  const name = adminKey.deploymentName() ?? hostname;
  const said = lookup(layers, VARIABLE);
  if (said !== null && said.value !== "yes" && said.value !== "no") {
    throw new CliError(
      "usage",
      `${VARIABLE} (${said.layer}) is ${JSON.stringify(said.value)}; it must be yes or no.`,
    );
  }
  const type = adminKey.deploymentType();
  if (type === "prod" || said?.value === "yes" || production === true) {
    return { productionName: name, doubted: null };
  }
  const isElsewhere = type === null && !isServedHere && !isLoopback(hostname);
  if (production === false || !isElsewhere) {
    return { productionName: null, doubted: null };
  }
  if (said === null) return { productionName: name, doubted: null };
  if (isFromFile || said.layer === ENVIRONMENT) {
    return { productionName: null, doubted: null };
  }
  const doubted = `${VARIABLE}=no (${said.layer}) is ignored: it says nothing of a deployment that is not named in a file here. Set it in the environment.`;
  return { productionName: name, doubted };
}

/** The banner of a write to production: one line that cannot be overlooked. */
export function productionBanner(
  context: CliContext,
  stream: "stdout" | "stderr",
  name: string,
): string {
  const { bold, inverse, red } = colorsFor(context, stream);
  return `${bold(inverse(red(" PRODUCTION ")))} ${bold(name)}`;
}

export function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname === "[::1]" ||
    (isIPv4(hostname) && hostname.startsWith("127."))
  );
}
