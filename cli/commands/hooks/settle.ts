import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addHooksSettle(hooks: Parent, context: CliContext): void {
  withTraits(hooks.command("settle"), {
    writes: true,
    deletes: true,
    json: ["HooksSettleJson"],
  })
    .description("strike out what a hook owes and somebody did by hand")
    .argument("<debt>", "its id, as listed")
    .addHelpText(
      ...examples("hooks settle DEBT_ID", "hooks settle DEBT_ID --json"),
    )
    .action(async (debtId, _options, command) => {
      const { settleHook } = await import("../../hooks/hooks.js");
      await settleHook(context, debtId, given(command));
    });
}
