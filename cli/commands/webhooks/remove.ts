import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { reason } from "../../commandLine/options.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addWebhooksRemove(webhooks: Parent, context: CliContext): void {
  withTraits(webhooks.command("remove"), {
    writes: true,
    deletes: true,
    json: ["WebhookRemovedJson"],
  })
    .description("tell an endpoint of nothing any more")
    .argument("<webhook>", "its id or name, as listed")
    .addOption(reason("recorded in the audit log"))
    .option("--yes", "do not ask")
    .addHelpText(
      ...examples(
        "webhooks remove WEBHOOK_ID",
        "webhooks remove WEBHOOK_ID --yes --json",
      ),
    )
    .action(async (webhookId, _options, command) => {
      const { removeWebhook } = await import("../../webhooks/change.js");
      await removeWebhook(context, webhookId, given(command));
    });
}
