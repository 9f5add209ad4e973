import { Option } from "../commandLine/commander.js";
import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import { max, rate, reason } from "../commandLine/options.js";
import { inWindow } from "../commandLine/scheduleTerms.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { positiveNumber, wholeNumber } from "../commandLine/values.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addPurge(program: Parent, context: CliContext): void {
  withTraits(program.command("purge"), {
    writes: true,
    deletes: true,
    json: ["RunResultJson", "DryRunJson"],
  })
    .description(
      "delete sessions last active before a cutoff; without one, by the retention in force",
    )
    .addOption(
      new Option("--days <n>", "cutoff: so many days ago")
        .argParser(positiveNumber)
        .conflicts("before"),
    )
    .option(
      "--before <time>",
      "cutoff: YYYY-MM-DD or ISO 8601, in UTC unless it says otherwise, or 14d ago",
    )
    .option("--dry-run", "count what would go, and delete nothing")
    .option("-y, --yes", "do not ask; enough at or above the retention")
    .option(
      "--confirm <n>",
      "the number of sessions to be deleted; always needed below the retention",
      wholeNumber(0),
    )
    .addOption(max("delete"))
    .addOption(rate())
    .addOption(
      new Option(
        "--archive <file>",
        "write every session and action to this JSONL.gz file before it is deleted",
      ).conflicts(["detach", "dryRun"]),
    )
    .option(
      "--without-ids",
      "leave out of the archive who it was (anonymousId, userId); it cannot be imported then",
    )
    .addOption(inWindow().conflicts("archive"))
    .option("--detach", "return as soon as the run has started")
    .addOption(reason("recorded with the run"))
    .addHelpText(
      ...examples(
        "purge --days 14 --dry-run",
        "purge --days 14 --archive old.jsonl.gz --rate 500/s",
      ),
    )
    .action(async (_options, command) => {
      const { purge } = await import("../purges/purge.js");
      await purge(context, given(command));
    });
}
