import { Option } from "../../commandLine/commander.js";
import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import { jsonLines } from "../../commandLine/options.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { DELIVERY_STATES, wholeNumber } from "../../commandLine/values.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addWebhooksLog(webhooks: Parent, context: CliContext): void {
  withTraits(webhooks.command("log"), {
    writes: false,
    deletes: false,
    json: ["WebhookLogJson"],
    jsonl: "DeliveryJson",
  })
    .description("show what was delivered and what came back, newest first")
    .option("--webhook <webhook>", "only to this one, by its id or name")
    .addOption(
      new Option("--status <status>", "only these").choices(DELIVERY_STATES),
    )
    .option("--limit <n>", "how many at most", wholeNumber(1), 50)
    .option("--cursor <cursor>", "go on after an earlier page")
    .addOption(jsonLines("one JSON object a delivery, a line each"))
    .addHelpText(
      ...examples("webhooks log --status failed", "webhooks log --jsonl"),
    )
    .action(async (_options, command) => {
      const { showDeliveries } = await import("../../webhooks/list.js");
      await showDeliveries(context, given(command));
    });
}
