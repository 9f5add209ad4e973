import { Argument } from "../../commandLine/commander.js";
import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { HOOKS } from "../../commandLine/values.js";
import type { CliContext } from "../../context.js";

export function addHooksClear(hooks: Parent, context: CliContext): void {
  hooks
    .command("clear")
    .description("remove a hook, whose function is gone, say")
    .addArgument(new Argument("<name>", "which").choices(HOOKS))
    .option("--yes", "do not ask")
    .addHelpText(
      ...examples("hooks clear onPurged", "hooks clear onPurged --yes --json"),
    )
    .action(async (name, _options, command) => {
      const { clearHook } = await import("../../hooks/hooks.js");
      await clearHook(context, name, given(command));
    });
}
