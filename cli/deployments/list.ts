/** `deployments list`, which asks no deployment. */
import type { CliContext } from "../context.js";
import type { GlobalOptions } from "../deployment/connect.js";
import {
  deploymentsFile,
  readDeployments,
} from "../deployment/target/deploymentsFile.js";
import { namedHere } from "../deployment/target/target.js";
import {
  toDeploymentJson,
  type DeploymentJson,
  type DeploymentListJson,
} from "../json/deployments/deployments.js";
import { note, print, printJson, widthOf } from "../terminal/output.js";
import { formatTable } from "../terminal/table.js";

export function listDeployments(
  context: CliContext,
  { json = false }: GlobalOptions,
): void {
  const content = readDeployments(context);
  const deployments = Object.entries(content.deployments)
    .map(([name, deployment]) => toDeploymentJson(name, deployment, content))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (json) {
    return printJson(context, {
      file: deploymentsFile(context),
      default: content.default ?? null,
      deployments,
    } satisfies DeploymentListJson);
  }
  if (deployments.length === 0) {
    print(context, "No deployments are named.");
    note(
      context,
      "`sessions-ops deployments add NAME --url URL --admin-key-file FILE` names one.",
    );
    return;
  }
  print(context, formatTable(HEAD, deployments.map(row), widthOf(context)));
  const here = namedHere(context);
  const { default: chosen } = content;
  if (here !== null)
    note(context, `Here: ${here}; --deployment goes before it.`);
  else if (chosen !== undefined) note(context, `Here: ${chosen}, the default.`);
}

const HEAD = ["name", "url", "component", "production", "key file"];

function row(deployment: DeploymentJson): string[] {
  const { name, url, component, production, adminKeyFile, isDefault } =
    deployment;
  const isProduction =
    production === null ? "by its key" : production ? "yes" : "no";
  return [
    isDefault ? `${name} (default)` : name,
    url,
    component ?? "sessionTracker",
    isProduction,
    adminKeyFile,
  ];
}
