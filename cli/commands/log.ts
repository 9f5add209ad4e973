import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import { jsonLines } from "../commandLine/options.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { wholeNumber } from "../commandLine/values.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addLog(program: Parent, context: CliContext): void {
  withTraits(program.command("log"), {
    writes: false,
    deletes: false,
    json: ["LogJson"],
    jsonl: "AuditEntryJson",
  })
    .description(
      "show who did what, when and why: settings, runs, ends, erasures, imports, hooks; newest first",
    )
    .option(
      "--what <kinds>",
      "only these, such as run, or session.forgotten,import",
    )
    .option("--since <time>", "only since then: 7d or a time")
    .option("--limit <n>", "how many at most", wholeNumber(1), 50)
    .option("--cursor <cursor>", "go on after an earlier page")
    .addOption(jsonLines("one JSON object an entry, a line each"))
    .addHelpText(
      ...examples(
        "log --what session.forgotten --since 30d",
        "log --what settings,schedule --limit 1000 --jsonl",
      ),
    )
    .action(async (_options, command) => {
      const { showLog } = await import("../log/log.js");
      await showLog(context, given(command));
    });
}
