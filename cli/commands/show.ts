import { MAX_LISTED } from "../../convex/sessionTracker/shared/limits.js";
import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import {
  isAnonymousId,
  isSessionId,
  jsonLines,
} from "../commandLine/options.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { wholeNumber } from "../commandLine/values.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addShow(program: Parent, context: CliContext): void {
  withTraits(program.command("show"), {
    writes: false,
    deletes: false,
    json: ["ShowJson"],
    jsonl: "ActionJson",
  })
    .description("show a session and what the visitor did")
    .argument("<id>", "sessionId or anonymousId")
    .addOption(isSessionId())
    .addOption(isAnonymousId())
    .option(
      "--limit <n>",
      "how many actions at most",
      wholeNumber(1, MAX_LISTED),
      50,
    )
    .option("--cursor <cursor>", "go on after an earlier page of actions")
    .option(
      "--visits <n>",
      "how many visits at most",
      wholeNumber(1, MAX_LISTED),
      20,
    )
    .option("--visits-cursor <cursor>", "go on after an earlier page of visits")
    .addOption(jsonLines("one JSON object an action, a line each"))
    .addHelpText(
      ...examples(
        "show 6f1c2a9e-3b7d-4c58-9e21-0d4f5a6b7c8d",
        "show user123 --limit 200 --json",
      ),
    )
    .action(async (id, _options, command) => {
      const { show } = await import("../sessions/show.js");
      await show(context, id, given(command));
    });
}
