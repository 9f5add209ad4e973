import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addHooksRetry(hooks: Parent, context: CliContext): void {
  withTraits(hooks.command("retry"), {
    writes: true,
    deletes: false,
    json: ["HooksRetryJson"],
  })
    .description("call the hooks again for what they owe")
    .addHelpText(...examples("hooks retry", "hooks retry --json"))
    .action(async (_options, command) => {
      const { retryHooks } = await import("../../hooks/hooks.js");
      await retryHooks(context, given(command));
    });
}
