import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addWebhooksTest(webhooks: Parent, context: CliContext): void {
  withTraits(webhooks.command("test"), {
    writes: true,
    deletes: false,
    json: ["WebhookTestedJson"],
  })
    .description("send a test to an endpoint once, and wait for its answer")
    .argument("<webhook>", "its id or name, as listed")
    .addHelpText(
      ...examples(
        "webhooks test WEBHOOK_ID",
        "webhooks test WEBHOOK_ID --json",
      ),
    )
    .action(async (webhookId, _options, command) => {
      const { testWebhook } = await import("../../webhooks/send.js");
      await testWebhook(context, webhookId, given(command));
    });
}
