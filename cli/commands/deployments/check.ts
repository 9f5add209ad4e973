import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addDeploymentsCheck(
  deployments: Parent,
  context: CliContext,
): void {
  withTraits(deployments.command("check"), {
    writes: false,
    deletes: false,
    json: ["DeploymentCheckJson"],
  })
    .description(
      "say whether they answer, take their keys and have the component, of which version, and by which clock",
    )
    .argument("[deployment]", "only the one of this name")
    .addHelpText(
      ...examples("deployments check", "deployments check staging --json"),
    )
    .action(async (name, _options, command) => {
      const { checkDeployments } = await import("../../deployments/check.js");
      await checkDeployments(context, name, given(command));
    });
}
