import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addDeploymentsUse(
  deployments: Parent,
  context: CliContext,
): void {
  withTraits(deployments.command("use"), {
    writes: false,
    deletes: false,
    json: ["DeploymentUseJson"],
  })
    .description(
      "set the default: the deployment of commands where nothing else names one",
    )
    .argument("[deployment]", "its name")
    .option("--none", "no default")
    .addHelpText(
      ...examples("deployments use staging", "deployments use --none"),
    )
    .action(async (name, _options, command) => {
      const { useDeployment } = await import("../../deployments/change.js");
      useDeployment(context, name, given(command));
    });
}
