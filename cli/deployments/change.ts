/** `deployments add`, `remove` and `use`: what the file of named deployments says. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { CliContext } from "../context.js";
import type { GlobalOptions } from "../deployment/connect.js";
import { checkedUrl, readAdminKey } from "../deployment/target/checked.js";
import {
  changeDeployments,
  deploymentsFile,
  isDeploymentName,
  namedDeployment,
  readDeployments,
  type NamedDeployment,
} from "../deployment/target/deploymentsFile.js";
import { namedHere } from "../deployment/target/target.js";
import { CliError } from "../errors.js";
import {
  toDeploymentJson,
  type DeploymentChangeJson,
  type DeploymentUseJson,
} from "../json/deployments/deployments.js";
import { note, print, printJson } from "../terminal/output.js";

export interface AddOptions extends GlobalOptions {
  readonly isProduction?: "yes" | "no";
  readonly replace?: boolean;
}

export interface UseOptions extends GlobalOptions {
  readonly none?: boolean;
}

/** Names a deployment. Its key is read, to see that it is one, and stays in its file. */
export function addDeployment(
  context: CliContext,
  name: string,
  options: AddOptions,
): void {
  if (!isDeploymentName(name)) {
    throw new CliError(
      "usage",
      `${JSON.stringify(name)} cannot be the name of a deployment: it takes up to 63 letters, digits, dots, dashes and underscores, and begins with a letter or a digit.`,
    );
  }
  const added = readAdded(context, options);
  const file = deploymentsFile(context);
  changeDeployments(context, (content) => {
    const { deployments } = content;
    const isThere = Object.hasOwn(deployments, name);
    if (isThere && !options.replace) {
      throw new CliError(
        "usage",
        `There is a deployment ${name} already: ${deployments[name]?.url ?? ""}. Add --replace to change it, or choose another name.`,
      );
    }
    const {
      component: _c,
      production: _p,
      ...others
    } = deployments[name] ?? added;
    return {
      ...content,
      deployments: { ...deployments, [name]: { ...others, ...added } },
    };
  });
  if (options.json) return printChange(context, name, added);
  print(
    context,
    `${name} is ${added.url}, with the key in ${added.adminKeyFile}.`,
  );
  note(
    context,
    `It is in ${file}. \`sessions-ops deployments check ${name}\` says whether it can be worked with.`,
  );
}

/** Takes the name away; the file of the key stays. */
export function removeDeployment(
  context: CliContext,
  name: string,
  { json = false }: GlobalOptions,
): void {
  const before = readDeployments(context);
  const removed = namedDeployment(before, name, "given");
  changeDeployments(context, (content) => {
    const { [name]: _removed, ...deployments } = content.deployments;
    const { default: chosen, ...rest } = content;
    const kept =
      chosen === undefined || chosen === name ? {} : { default: chosen };
    return { ...rest, ...kept, deployments };
  });
  if (json) return printChange(context, name, removed);
  print(
    context,
    `${name} is no name any more. Its key is still in ${removed.adminKeyFile}.`,
  );
  if (before.default === name)
    note(context, "There is no default from now on.");
}

/** Sets the deployment of commands where nothing else names one, or takes it away. */
export function useDeployment(
  context: CliContext,
  name: string | undefined,
  { none = false, json = false }: UseOptions,
): void {
  if ((name !== undefined) === none) {
    throw new CliError(
      "usage",
      "Give the name of a deployment, or --none for no default.",
    );
  }
  changeDeployments(context, (content) => {
    const { default: _former, ...rest } = content;
    if (name === undefined) return rest;
    namedDeployment(content, name, "given");
    return { ...rest, default: name };
  });
  const overriddenBy = namedHere(context);
  if (json) {
    return printJson(context, {
      file: deploymentsFile(context),
      default: name ?? null,
      overriddenBy,
    } satisfies DeploymentUseJson);
  }
  if (name === undefined) return print(context, "There is no default.");
  print(
    context,
    `${name} is the default, where nothing else names a deployment.`,
  );
  if (overriddenBy !== null) {
    note(
      context,
      `Here ${overriddenBy} goes before it; --deployment ${name} goes before that.`,
    );
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function readAdded(
  context: CliContext,
  {
    url: given,
    adminKeyFile: path,
    component,
    isProduction,
    deployment,
  }: AddOptions,
): NamedDeployment {
  if (deployment !== undefined) {
    throw new CliError(
      "usage",
      "The name is given without --deployment: sessions-ops deployments add NAME.",
    );
  }
  if (given === undefined || path === undefined) {
    throw new CliError(
      "usage",
      "A deployment needs --url URL and --admin-key-file FILE.",
    );
  }
  const url = checkedUrl(given, "--url");
  const adminKeyFile = resolve(context.cwd, path);
  // Not quoted: it would be the key.
  if (path.includes("|") && !existsSync(adminKeyFile)) {
    throw new CliError(
      "usage",
      "--admin-key-file takes the path of a file, and was given what looks like a key. Write the key to a file that only you can read, and give its path.",
    );
  }
  const key = readAdminKey(adminKeyFile).deploymentName();
  const { hostname } = new URL(url);
  const isOthers =
    hostname.endsWith(".convex.cloud") && hostname.split(".")[0] !== key;
  if (key !== null && isOthers) {
    throw new CliError(
      "usage",
      `${adminKeyFile} has a key of the deployment ${key}, but --url is ${url}. Give the URL of ${key}, or its own key.`,
    );
  }
  return {
    url,
    adminKeyFile,
    ...(component === undefined ? {} : { component }),
    ...(isProduction === undefined
      ? {}
      : { production: isProduction === "yes" }),
  };
}

function printChange(
  context: CliContext,
  name: string,
  deployment: NamedDeployment,
): void {
  printJson(context, {
    file: deploymentsFile(context),
    deployment: toDeploymentJson(name, deployment, readDeployments(context)),
  } satisfies DeploymentChangeJson);
}
