import { examples } from "../commandLine/examples.js";
import { byDefault } from "../commandLine/groups.js";
import type { Parent } from "../commandLine/bareProgram.js";
import type { CliContext } from "../context.js";
import { addWebhooksAdd } from "./webhooks/add.js";
import { addWebhooksEnable } from "./webhooks/enable.js";
import { addWebhooksList } from "./webhooks/list.js";
import { addWebhooksLog } from "./webhooks/log.js";
import { addWebhooksRemove } from "./webhooks/remove.js";
import { addWebhooksResend } from "./webhooks/resend.js";
import { addWebhooksRotate } from "./webhooks/rotate.js";
import { addWebhooksTest } from "./webhooks/test.js";

export function addWebhooks(program: Parent, context: CliContext): void {
  const webhooks = program
    .command("webhooks")
    .description("tell other systems what happens, and see whether it arrives")
    .addHelpText(
      ...examples("webhooks list", "webhooks add https://example.com/hook"),
    );
  byDefault(webhooks, "list");
  addWebhooksList(webhooks, context);
  addWebhooksAdd(webhooks, context);
  addWebhooksTest(webhooks, context);
  addWebhooksLog(webhooks, context);
  addWebhooksResend(webhooks, context);
  addWebhooksRotate(webhooks, context);
  addWebhooksEnable(webhooks, context);
  addWebhooksRemove(webhooks, context);
}
