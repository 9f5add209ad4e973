import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import { jsonLines } from "../commandLine/options.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { wholeNumber } from "../commandLine/values.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addStats(program: Parent, context: CliContext): void {
  withTraits(program.command("stats"), {
    writes: false,
    deletes: false,
    json: ["StatsJson"],
    jsonl: "DayJson",
  })
    .description("show visits by UTC day, and where they came from")
    .option(
      "--days <n>",
      "how many days, today included",
      wholeNumber(1, 3_660),
      30,
    )
    .addOption(jsonLines("one JSON object a day, a line each"))
    .addHelpText(...examples("stats --days 7", "stats --days 365 --jsonl"))
    .action(async (_options, command) => {
      const { stats } = await import("../stats/stats.js");
      await stats(context, given(command));
    });
}
