import { Option } from "../commandLine/commander.js";
import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import { jsonLines } from "../commandLine/options.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { STATES, wholeNumber } from "../commandLine/values.js";
import type { CliContext } from "../context.js";

export function addList(program: Parent, context: CliContext): void {
  program
    .command("list")
    .description("list sessions, newest first")
    .addOption(new Option("--state <state>", "only these").choices(STATES))
    .option("--active-within <time>", "last active since: 15m, 2h or a time")
    .option("--inactive-since <time>", "last active before: 7d or a time")
    .option("--created-after <time>", "created since: 7d or a time")
    .option("--created-before <time>", "created before: 7d or a time")
    .option("--user <id>", "only sessions linked to this user")
    .addOption(
      new Option(
        "--sort <by>",
        "by creation, or by last activity (default where that is asked for)",
      ).choices(["created", "active"]),
    )
    .addOption(
      new Option("--order <order>", "newest or oldest first")
        .choices(["desc", "asc"])
        .default("desc"),
    )
    .option("--limit <n>", "how many at most", wholeNumber(1), 50)
    .option("--cursor <cursor>", "go on after an earlier page")
    .addOption(jsonLines("one JSON object a session, a line each"))
    .addHelpText(
      ...examples(
        "list --state active --limit 20",
        "list --inactive-since 30d --order asc --jsonl",
      ),
    )
    .action(async (_options, command) => {
      const { list } = await import("../sessions/list.js");
      await list(context, given(command));
    });
}
