import { MAX_LISTED } from "../../../convex/sessionTracker/shared/limits.js";
import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import { jsonLines } from "../../commandLine/options.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { wholeNumber } from "../../commandLine/values.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addSettingsLog(settings: Parent, context: CliContext): void {
  withTraits(settings.command("log"), {
    writes: false,
    deletes: false,
    json: ["SettingsLogJson"],
    jsonl: "LogEntryJson",
  })
    .description("show who changed which setting when and why, newest first")
    .option("--limit <n>", "how many at most", wholeNumber(1, MAX_LISTED), 20)
    .option("--before <revision>", "only earlier ones", wholeNumber(1))
    .addOption(jsonLines("one JSON object a change, a line each"))
    .addHelpText(
      ...examples("settings log", "settings log --limit 100 --jsonl"),
    )
    .action(async (_options, command) => {
      const { logSettings } = await import("../../settings/settings.js");
      await logSettings(context, given(command));
    });
}
