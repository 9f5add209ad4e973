import { Argument } from "../../commandLine/commander.js";
import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { reason } from "../../commandLine/options.js";
import { HOOKS } from "../../commandLine/values.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addHooksClear(hooks: Parent, context: CliContext): void {
  withTraits(hooks.command("clear"), {
    writes: true,
    deletes: true,
    json: ["HooksClearJson"],
  })
    .description("remove hooks, whose functions are gone, say")
    .addArgument(new Argument("[name...]", "which; all without").choices(HOOKS))
    .addOption(reason("recorded in the audit log"))
    .option("--yes", "do not ask")
    .addHelpText(
      ...examples("hooks clear onPurged", "hooks clear --yes --json"),
    )
    .action(async (names, _options, command) => {
      const { clearHooks } = await import("../../hooks/hooks.js");
      await clearHooks(context, names, given(command));
    });
}
