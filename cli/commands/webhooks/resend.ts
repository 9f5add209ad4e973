import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import type { CliContext } from "../../context.js";

export function addWebhooksResend(webhooks: Parent, context: CliContext): void {
  webhooks
    .command("resend")
    .description(
      "send a delivery again, with its old id, and wait for the answer",
    )
    .argument("<delivery>", "its id, as the log has it")
    .addHelpText(
      ...examples(
        "webhooks resend DELIVERY_ID",
        "webhooks resend DELIVERY_ID --json",
      ),
    )
    .action(async (deliveryId, _options, command) => {
      const { resendDelivery } = await import("../../webhooks/send.js");
      await resendDelivery(context, deliveryId, given(command));
    });
}
