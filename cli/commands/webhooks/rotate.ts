import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { reason } from "../../commandLine/options.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addWebhooksRotate(webhooks: Parent, context: CliContext): void {
  withTraits(webhooks.command("rotate"), {
    writes: true,
    deletes: false,
    json: ["WebhookRotatedJson"],
  })
    .description(
      "make another secret and show it once; the old one signs too for a day",
    )
    .argument("<webhook>", "its id or name, as listed")
    .addOption(reason("recorded in the audit log"))
    .option("--yes", "do not ask")
    .addHelpText(
      ...examples(
        "webhooks rotate WEBHOOK_ID",
        "webhooks rotate WEBHOOK_ID --yes --json",
      ),
    )
    .action(async (webhookId, _options, command) => {
      const { rotateSecret } = await import("../../webhooks/add.js");
      await rotateSecret(context, webhookId, given(command));
    });
}
