import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { reason } from "../../commandLine/options.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addWebhooksEnable(webhooks: Parent, context: CliContext): void {
  withTraits(webhooks.command("enable"), {
    writes: true,
    deletes: false,
    json: ["WebhookEnabledJson"],
  })
    .description("tell an endpoint again that was disabled after failures")
    .argument("<webhook>", "its id or name, as listed")
    .addOption(reason("recorded in the audit log"))
    .addHelpText(
      ...examples(
        "webhooks enable WEBHOOK_ID",
        "webhooks enable WEBHOOK_ID --reason 'the endpoint is back'",
      ),
    )
    .action(async (webhookId, _options, command) => {
      const { enableWebhook } = await import("../../webhooks/change.js");
      await enableWebhook(context, webhookId, given(command));
    });
}
