import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import type { CliContext } from "../../context.js";

export function addHooksRetry(hooks: Parent, context: CliContext): void {
  hooks
    .command("retry")
    .description("call the hooks again for what they owe")
    .addHelpText(...examples("hooks retry", "hooks retry --json"))
    .action(async (_options, command) => {
      const { retryHooks } = await import("../../hooks/hooks.js");
      await retryHooks(context, given(command));
    });
}
