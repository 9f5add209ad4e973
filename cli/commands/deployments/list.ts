import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addDeploymentsList(
  deployments: Parent,
  context: CliContext,
): void {
  withTraits(deployments.command("list"), {
    writes: false,
    deletes: false,
    json: ["DeploymentListJson"],
  })
    .description("show the deployments that have names (default)")
    .addHelpText(...examples("deployments list", "deployments list --json"))
    .action(async (_options, command) => {
      const { listDeployments } = await import("../../deployments/list.js");
      listDeployments(context, given(command));
    });
}
