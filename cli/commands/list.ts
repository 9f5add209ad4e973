import { InvalidArgumentError } from "commander";
import { Option } from "../commandLine/commander.js";
import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import { jsonLines } from "../commandLine/options.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { STATES, wholeNumber } from "../commandLine/values.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addList(program: Parent, context: CliContext): void {
  withTraits(program.command("list"), {
    writes: false,
    deletes: false,
    json: ["ListJson"],
    jsonl: "SessionJson",
  })
    .description("list sessions, newest first")
    .addOption(new Option("--state <state>", "only these").choices(STATES))
    .option("--active-within <time>", "last active since: 15m, 2h or a time")
    .option("--inactive-since <time>", "last active before: 7d or a time")
    .option("--created-after <time>", "created since: 7d or a time")
    .option("--created-before <time>", "created before: 7d or a time")
    .option("--user <id>", "only sessions linked to this user")
    .option(
      "--source <source>",
      "only whose first visit came from there: utm_source, host, or direct",
    )
    .option("--min-engaged <time>", "only who were there so long: 90s, 5m")
    .addOption(
      new Option(
        "--sort <by>",
        "by creation, or by last activity (default where that is asked for)",
      )
        .choices(SORTS)
        .argParser(sortBy),
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
        "list --source news.example.com --min-engaged 5m",
        "list --inactive-since 30d --order asc --jsonl",
      ),
    )
    .action(async (_options, command) => {
      const { list } = await import("../sessions/list.js");
      await list(context, given(command));
    });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const SORTS = ["created", "active"] as const;
type Sort = (typeof SORTS)[number];

/** Reads what to sort by; what people may well expect, and no index serves, is told from a typing error. */
function sortBy(text: string): Sort {
  const sort = SORTS.find((each) => each === text);
  if (sort !== undefined) return sort;
  if (text === "engaged" || text === "source") {
    throw new InvalidArgumentError(
      `No index serves that: it would have to be kept up, and paid for, with every purge. ${OTHERWISE[text]}`,
    );
  }
  throw new InvalidArgumentError(`Allowed choices are ${SORTS.join(", ")}.`);
}

const OTHERWISE = {
  engaged:
    "Give --min-engaged 5m to list who were there for so long, or --jsonl to sort all of them yourself by engagedMs.",
  source:
    "Give --source news.example.com to list who came from there, or see `sessions-ops stats` for all sources.",
};
