import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addWebhooksResend(webhooks: Parent, context: CliContext): void {
  withTraits(webhooks.command("resend"), {
    writes: true,
    deletes: false,
    json: ["WebhookResentJson"],
  })
    .description(
      "send deliveries again, with their old ids, and wait for the answers",
    )
    .argument("[delivery...]", "their ids, as the log has them")
    .option("--failed", "instead of ids: all that failed")
    .option(
      "--webhook <webhook>",
      "of those that failed only those to this one",
    )
    .option("--yes", "do not ask")
    .addHelpText(
      ...examples(
        "webhooks resend DELIVERY_ID",
        "webhooks resend --failed --webhook WEBHOOK_ID",
      ),
    )
    .action(async (deliveryIds, _options, command) => {
      const { resendDeliveries } = await import("../../webhooks/send.js");
      await resendDeliveries(context, deliveryIds, given(command));
    });
}
