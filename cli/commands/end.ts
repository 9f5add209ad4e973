import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import {
  byFilter,
  isAnonymousId,
  isSessionId,
  max,
  rate,
  reason,
} from "../commandLine/options.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addEnd(program: Parent, context: CliContext): void {
  withTraits(program.command("end"), {
    writes: true,
    deletes: false,
    json: ["EndJson", "RunResultJson", "ManyDryRunJson"],
  })
    .description(
      "end a visitor's session now, or all that a filter names; it deletes nothing",
    )
    .argument("[id]", "sessionId or anonymousId")
    .addOption(isSessionId())
    .addOption(isAnonymousId())
    .addOption(byFilter.user())
    .addOption(byFilter.state())
    .addOption(byFilter.createdBefore())
    .addOption(byFilter.createdAfter())
    .addOption(byFilter.activeBefore())
    .addOption(byFilter.activeAfter())
    .addOption(byFilter.except())
    .option(
      "--block <time>",
      "keep the visitor from coming back: for 45m, 24h or 30d, or forever",
    )
    .option("--dry-run", "with a filter: count, and end nothing")
    .option("-y, --yes", "with a filter: do not ask")
    .option(
      "--confirm <n>",
      "with a filter: the number of sessions to be ended",
    )
    .addOption(max("end"))
    .addOption(rate())
    .option("--detach", "with a filter: return as soon as the run has started")
    .addOption(reason("recorded with each session, and with the run"))
    .addHelpText(
      ...examples(
        "end user123 --reason 'shared computer' --block 24h",
        "end --user ada --except SESSION_ID --yes",
      ),
    )
    .action(async (id, _options, command) => {
      const { end } = await import("../sessions/end.js");
      await end(context, id, given(command));
    });
}
