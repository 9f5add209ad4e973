import { Option, type Command } from "commander";
import type { RetentionDays } from "../../convex/sessionTracker/shared.js";
import type { ExpireOptions } from "../commands/expire.js";
import type { PurgeOptions } from "../commands/purge.js";
import type { RetentionOptions } from "../commands/retention.js";
import type { CliContext } from "../context.js";
import {
  positiveNumber,
  retentionDays,
  wholeNumber,
  withExamples,
} from "./arguments.js";

export function addCleaningCommands(
  program: Command,
  context: CliContext,
): void {
  withExamples(
    program
      .command("purge")
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
        "cutoff: YYYY-MM-DD or ISO 8601, in UTC unless it says otherwise",
      )
      .option("--dry-run", "count what would go, and delete nothing")
      .option("-y, --yes", "do not ask; enough at or above the retention")
      .option(
        "--confirm <n>",
        "the number of sessions to be deleted; always needed below the retention",
        wholeNumber(0),
      )
      .option("--detach", "return as soon as the run has started")
      .option("--reason <text>", "recorded with the run"),
    "purge --days 14 --dry-run",
    "purge --days 14 --yes --json",
  ).action(async (_options, command: Command) => {
    const { purge } = await import("../commands/purge.js");
    await purge(context, command.optsWithGlobals<PurgeOptions>());
  });

  withExamples(
    program
      .command("expire")
      .description(
        "expire the sessions that are idle, without waiting for the schedule",
      )
      .option("--detach", "return as soon as the run has started")
      .option("--reason <text>", "recorded with the run"),
    "expire",
    "expire --json",
  ).action(async (_options, command: Command) => {
    const { expire } = await import("../commands/expire.js");
    await expire(context, command.optsWithGlobals<ExpireOptions>());
  });

  withExamples(
    program
      .command("retention")
      .description("show for how long inactive sessions are kept, or change it")
      .argument(
        "[days]",
        'days, or "never" to keep them for ever',
        retentionDays,
      )
      .option("-y, --yes", "do not ask before lowering it")
      .option("--reason <text>", "recorded in the settings log"),
    "retention",
    "retention 30 --reason 'privacy policy of May'",
  ).action(
    async (days: RetentionDays | undefined, _options, command: Command) => {
      const { retention } = await import("../commands/retention.js");
      await retention(
        context,
        days,
        command.optsWithGlobals<RetentionOptions>(),
      );
    },
  );
}
