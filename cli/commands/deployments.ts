import { examples } from "../commandLine/examples.js";
import { byDefault } from "../commandLine/groups.js";
import type { Parent } from "../commandLine/bareProgram.js";
import type { CliContext } from "../context.js";
import { addDeploymentsAdd } from "./deployments/add.js";
import { addDeploymentsCheck } from "./deployments/check.js";
import { addDeploymentsList } from "./deployments/list.js";
import { addDeploymentsRemove } from "./deployments/remove.js";
import { addDeploymentsUse } from "./deployments/use.js";

export function addDeployments(program: Parent, context: CliContext): void {
  const deployments = program
    .command("deployments")
    .description("name the deployments that you work with, and check them")
    .addHelpText(...examples("deployments list", "deployments check"));
  byDefault(deployments, "list");
  addDeploymentsList(deployments, context);
  addDeploymentsAdd(deployments, context);
  addDeploymentsUse(deployments, context);
  addDeploymentsCheck(deployments, context);
  addDeploymentsRemove(deployments, context);
}
