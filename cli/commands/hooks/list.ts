import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { wholeNumber } from "../../commandLine/values.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addHooksList(hooks: Parent, context: CliContext): void {
  withTraits(hooks.command("list"), {
    writes: false,
    deletes: false,
    json: ["HooksJson"],
  })
    .description(
      "show each hook, whether it answers, and erasures it has not done (default)",
    )
    .option("--limit <n>", "how many of these at most", wholeNumber(1), 100)
    .addHelpText(...examples("hooks list", "hooks list --json"))
    .action(async (_options, command) => {
      const { listHooks } = await import("../../hooks/hooks.js");
      await listHooks(context, given(command));
    });
}
