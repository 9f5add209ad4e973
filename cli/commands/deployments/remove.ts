import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addDeploymentsRemove(
  deployments: Parent,
  context: CliContext,
): void {
  withTraits(deployments.command("remove"), {
    writes: false,
    deletes: false,
    json: ["DeploymentChangeJson"],
  })
    .description("take a name away; the deployment and its key file stay")
    .argument("<deployment>", "its name")
    .addHelpText(
      ...examples(
        "deployments remove staging",
        "deployments remove staging --json",
      ),
    )
    .action(async (name, _options, command) => {
      const { removeDeployment } = await import("../../deployments/change.js");
      removeDeployment(context, name, given(command));
    });
}
