import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import { isAnonymousId, isSessionId } from "../commandLine/options.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addUnblock(program: Parent, context: CliContext): void {
  withTraits(program.command("unblock"), {
    writes: true,
    deletes: false,
    json: ["UnblockJson"],
  })
    .description("lift the block that `end --block` set")
    .argument("<id>", "sessionId or anonymousId")
    .addOption(isSessionId())
    .addOption(isAnonymousId())
    .addHelpText(
      ...examples(
        "unblock user123",
        "unblock 6f1c2a9e-3b7d-4c58-9e21-0d4f5a6b7c8d --json",
      ),
    )
    .action(async (id, _options, command) => {
      const { unblock } = await import("../sessions/unblock.js");
      await unblock(context, id, given(command));
    });
}
