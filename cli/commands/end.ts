import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import { isAnonymousId, isSessionId, reason } from "../commandLine/options.js";
import type { Parent } from "../commandLine/bareProgram.js";
import type { CliContext } from "../context.js";

export function addEnd(program: Parent, context: CliContext): void {
  program
    .command("end")
    .description("end a visitor's session now; it deletes nothing")
    .argument("<id>", "sessionId or anonymousId")
    .addOption(isSessionId())
    .addOption(isAnonymousId())
    .option(
      "--block <time>",
      "keep the visitor from coming back: for 45m, 24h or 30d, or forever",
    )
    .addOption(reason("recorded with the session"))
    .addHelpText(
      ...examples(
        "end user123 --reason 'shared computer'",
        "end 6f1c2a9e-3b7d-4c58-9e21-0d4f5a6b7c8d --block 24h",
      ),
    )
    .action(async (id, _options, command) => {
      const { end } = await import("../sessions/end.js");
      await end(context, id, given(command));
    });
}
