import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import { isAnonymousId, isSessionId } from "../commandLine/options.js";
import type { Parent } from "../commandLine/bareProgram.js";
import type { CliContext } from "../context.js";

export function addForget(program: Parent, context: CliContext): void {
  program
    .command("forget")
    .description(
      "erase a visitor with everything they did, for good, and print a receipt",
    )
    .argument("<id>", "sessionId or anonymousId")
    .addOption(isSessionId())
    .addOption(isAnonymousId())
    .option("--confirm <id>", "the same id again, instead of typing it")
    .addHelpText(
      ...examples("forget user123", "forget user123 --confirm user123 --json"),
    )
    .action(async (id, _options, command) => {
      const { forget } = await import("../sessions/forget.js");
      await forget(context, id, given(command));
    });
}
