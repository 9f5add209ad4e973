import { Option } from "../commandLine/commander.js";
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

export function addForget(program: Parent, context: CliContext): void {
  withTraits(program.command("forget"), {
    writes: true,
    deletes: true,
    json: ["ForgetJson", "RunResultJson", "ManyDryRunJson"],
  })
    .description(
      "erase a visitor with everything they did, or all that a filter names, for good",
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
    .option("--dry-run", "with a filter: count, and erase nothing")
    .option("-y, --yes", "with --user: do not ask")
    .option(
      "--confirm <value>",
      "the same ID again; with a filter, the number of sessions to be erased",
    )
    .addOption(max("erase"))
    .addOption(rate())
    .addOption(
      new Option(
        "--archive <file>",
        "with a filter: write every session to this JSONL.gz file before it is erased",
      ).conflicts(["detach", "dryRun"]),
    )
    .option("--without-ids", "leave out of the archive who it was")
    .option("--detach", "with a filter: return as soon as the run has started")
    .addOption(reason("recorded in the audit log, and with the run"))
    .addHelpText(
      ...examples(
        "forget user123 --confirm user123",
        "forget --user ada --yes",
      ),
    )
    .action(async (id, _options, command) => {
      const { forget } = await import("../sessions/forget.js");
      await forget(context, id, given(command));
    });
}
