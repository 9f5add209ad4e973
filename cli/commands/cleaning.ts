import { Option, type Command } from "commander";
import type { ExpireOptions } from "../runs/expire.js";
import type { PurgeOptions } from "../purges/purge.js";
import type { CliContext } from "../context.js";
import {
  perSecond,
  positiveNumber,
  reasonOption,
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
        "cutoff: YYYY-MM-DD or ISO 8601, in UTC unless it says otherwise, or 14d ago",
      )
      .option("--dry-run", "count what would go, and delete nothing")
      .option("-y, --yes", "do not ask; enough at or above the retention")
      .option(
        "--confirm <n>",
        "the number of sessions to be deleted; always needed below the retention",
        wholeNumber(0),
      )
      .addOption(maxOption("delete"))
      .addOption(rateOption())
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
      .option("--detach", "return as soon as the run has started")
      .addOption(reasonOption("recorded with the run")),
    "purge --days 14 --dry-run",
    "purge --days 14 --archive old.jsonl.gz --rate 500/s",
  ).action(async (_options, command: Command) => {
    const { purge } = await import("../purges/purge.js");
    await purge(context, command.optsWithGlobals<PurgeOptions>());
  });

  withExamples(
    program
      .command("expire")
      .description(
        "expire the sessions that are idle, without waiting for the schedule",
      )
      .addOption(maxOption("expire"))
      .addOption(rateOption())
      .option("--detach", "return as soon as the run has started")
      .addOption(reasonOption("recorded with the run")),
    "expire",
    "expire --json",
  ).action(async (_options, command: Command) => {
    const { expire } = await import("../runs/expire.js");
    await expire(context, command.optsWithGlobals<ExpireOptions>());
  });
}

function maxOption(verb: string): Option {
  return new Option(
    "--max <n>",
    `${verb} so many sessions at most; \`runs resume\` goes on`,
  ).argParser(wholeNumber(1));
}

function rateOption(): Option {
  return new Option(
    "--rate <n/s>",
    "so many sessions a second at most, on average; up to a second's worth at once",
  ).argParser(perSecond);
}
