import { Option } from "../commandLine/commander.js";
import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import { reason } from "../commandLine/options.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { wholeNumber } from "../commandLine/values.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addImport(program: Parent, context: CliContext): void {
  withTraits(program.command("import"), {
    writes: true,
    deletes: false,
    json: ["ImportJson"],
  })
    .description(
      "import sessions from JSONL ({anonymousId, createdAt, lastActive, actions?} a line), gzipped or not, or from the ZIP of `npx convex export`",
    )
    .argument("<file>", "the file, or - for stdin")
    .option(
      "--table <name>",
      "a table of the app in the ZIP (default: the component's own tables where the ZIP has them, else sessions)",
    )
    .addOption(
      new Option(
        "--times <unit>",
        "what times that are numbers count (default: milliseconds, where they can be)",
      ).choices(["milliseconds", "seconds"]),
    )
    .option(
      "--skip-invalid",
      "import the other lines; the invalid ones are reported",
    )
    .option("--from-line <n>", "go on at this line", wholeNumber(1), 1)
    .option(
      "-y, --yes",
      "import rows that are older than the retention as well",
    )
    .addOption(reason("recorded in the audit log"))
    .option(
      "--restore-erased",
      "bring back also those who were forgotten; takes --reason",
    )
    .addHelpText(...examples("import sessions.jsonl", "import backup.zip"))
    .action(async (file, _options, command) => {
      const { importFile } = await import("../transfer/importFile.js");
      await importFile(context, file, given(command));
    });
}
