import { Option } from "../../commandLine/commander.js";
import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { reason } from "../../commandLine/options.js";
import { kinds, WEBHOOK_FORMATS } from "../../commandLine/values.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addWebhooksAdd(webhooks: Parent, context: CliContext): void {
  withTraits(webhooks.command("add"), {
    writes: true,
    deletes: false,
    json: ["WebhookAddedJson"],
  })
    .description("tell an endpoint of events, signed; shows its secret once")
    .argument("<url>", "https://…, or - to read it from stdin")
    .option(
      "--name <name>",
      "what to call it by, instead of its id; addresses are shown in short",
    )
    .option(
      "--events <types>",
      "only these, such as run.failed, or run,watchdog; all without",
    )
    .option(
      "--kinds <kinds>",
      "of events of runs only those of these kinds: purge,expire",
      kinds,
    )
    .addOption(
      new Option(
        "--format <format>",
        "signed JSON, a text for Slack, or a ping after each good run of --kinds",
      )
        .choices(WEBHOOK_FORMATS)
        .default("standard" as const),
    )
    .addOption(reason("recorded in the audit log"))
    .addHelpText(
      ...examples(
        "webhooks add https://example.com/hook --events run.failed,watchdog",
        "webhooks add https://hc.example.com/UUID --format ping --kinds purge",
      ),
    )
    .action(async (url, _options, command) => {
      const { addWebhook } = await import("../../webhooks/add.js");
      await addWebhook(context, url, given(command));
    });
}
