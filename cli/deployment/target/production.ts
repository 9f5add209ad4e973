/** Telling production from the rest, so that a write to it is never made by accident. */
import { isIPv4 } from "node:net";
import type { CliContext } from "../../context.js";
import { lookup, type EnvLayer } from "./dotenvFiles.js";
import { CliError } from "../../errors.js";
import { colorsFor } from "../../terminal/output.js";
import type { AdminKey } from "./adminKey.js";

const VARIABLE = "SESSIONS_OPS_PRODUCTION";

interface Named {
  url: string;
  adminKey: AdminKey;
  /** `serve` runs it in this folder. */
  isServedHere: boolean;
}

/**
 * What has to be typed before a write: the deployment's name, or `null` outside production. A
 * deploy key of Convex Cloud says what it is for. Keys of self-hosted deployments do not: those on
 * this machine are not in production, and all others are, unless SESSIONS_OPS_PRODUCTION is `no`.
 */
export function nameInProduction(
  { url, adminKey, isServedHere }: Named,
  layers: EnvLayer[],
): string | null {
  const { hostname } = new URL(url);
  const name = adminKey.deploymentName() ?? hostname;
  const said = lookup(layers, VARIABLE);
  if (said !== null && said.value !== "yes" && said.value !== "no") {
    throw new CliError(
      "usage",
      `${VARIABLE} (${said.layer}) is ${JSON.stringify(said.value)}; it must be yes or no.`,
    );
  }
  if (adminKey.deploymentType() === "prod" || said?.value === "yes") {
    return name;
  }
  const isNot =
    adminKey.deploymentType() !== null ||
    said?.value === "no" ||
    isServedHere ||
    isLoopback(hostname);
  return isNot ? null : name;
}

/** One line that cannot be overlooked. */
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
