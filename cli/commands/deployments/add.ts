import { Option } from "../../commandLine/commander.js";
import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addDeploymentsAdd(
  deployments: Parent,
  context: CliContext,
): void {
  withTraits(deployments.command("add"), {
    writes: false,
    deletes: false,
    json: ["DeploymentChangeJson"],
  })
    .description(
      "give a deployment a name, by --url, --admin-key-file and --component; its key stays in its file",
    )
    .argument("<name>", "letters, digits, dots, dashes and underscores")
    .addOption(
      new Option(
        "--is-production <yes|no>",
        "whether it is in production; without, as its key and its address tell",
      ).choices(["yes", "no"] as const),
    )
    .option("--replace", "change one that has this name")
    .addHelpText(
      ...examples(
        "deployments add shop --url https://happy-animal-123.convex.cloud --admin-key-file shop.key",
        "deployments add staging --url https://convex.example.com --admin-key-file staging.key --is-production no",
      ),
    )
    .action(async (name, _options, command) => {
      const { addDeployment } = await import("../../deployments/change.js");
      addDeployment(context, name, given(command));
    });
}
