import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addWebhooksList(webhooks: Parent, context: CliContext): void {
  withTraits(webhooks.command("list"), {
    writes: false,
    deletes: false,
    json: ["WebhookListJson"],
  })
    .description("show the webhooks, and whether they answer (default)")
    .addHelpText(...examples("webhooks list", "webhooks list --json"))
    .action(async (_options, command) => {
      const { listWebhooks } = await import("../../webhooks/list.js");
      await listWebhooks(context, given(command));
    });
}
