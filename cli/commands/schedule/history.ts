import { anyScheduleName } from "../../commandLine/arguments.js";
import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { wholeNumber } from "../../commandLine/values.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addScheduleHistory(
  schedule: Parent,
  context: CliContext,
): void {
  withTraits(schedule.command("history"), {
    writes: false,
    deletes: false,
    json: ["ScheduleHistoryJson"],
  })
    .description(
      "list the fires of schedules, newest first, also those that did nothing, with why",
    )
    .addArgument(anyScheduleName())
    .option("--limit <n>", "how many at most", wholeNumber(1), 20)
    .option("--cursor <cursor>", "go on after an earlier page")
    .addHelpText(
      ...examples(
        "schedule history purge",
        "schedule history --limit 5 --json",
      ),
    )
    .action(async (name, _options, command) => {
      const { showHistory } = await import("../../schedules/history.js");
      await showHistory(context, name, given(command));
    });
}
