import { Option, type Command } from "commander";
import type { ExportOptions } from "../transfer/exportFile.js";
import type { ImportOptions } from "../transfer/importFile.js";
import type { ServeOptions } from "../serve/serve.js";
import type { CliContext } from "../context.js";
import type { TimeUnit } from "../transfer/import/rows.js";
import { wholeNumber, withExamples } from "./arguments.js";

export function addDataCommands(program: Command, context: CliContext): void {
  withExamples(
    program
      .command("import")
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
        ).choices(["milliseconds", "seconds"] satisfies TimeUnit[]),
      )
      .option(
        "--skip-invalid",
        "import the other lines; the invalid ones are reported",
      )
      .option("--from-line <n>", "go on at this line", wholeNumber(1), 1)
      .option(
        "-y, --yes",
        "import rows that are older than the retention as well",
      ),
    "import sessions.jsonl",
    "import backup.zip",
  ).action(async (file: string, _options, command: Command) => {
    const { importFile } = await import("../transfer/importFile.js");
    await importFile(context, file, command.optsWithGlobals<ImportOptions>());
  });

  withExamples(
    program
      .command("export")
      .description(
        "write all sessions with their actions as JSONL, which `import` reads",
      )
      .argument("<file>", "gzipped if it ends in .gz; - for stdout")
      .option("--force", "write over a file that is there")
      .option(
        "--without-ids",
        "leave out who it was (anonymousId, userId); such a file cannot be imported",
      ),
    "export sessions.jsonl.gz",
    "export - | jq .anonymousId",
  ).action(async (file: string, _options, command: Command) => {
    const { exportFile } = await import("../transfer/exportFile.js");
    await exportFile(context, file, command.optsWithGlobals<ExportOptions>());
  });

  withExamples(
    program
      .command("serve")
      .description(
        "run an embedded deployment with the app of this folder, for development, tests and CI",
      )
      .option(
        "--port <port>",
        "port to listen on",
        wholeNumber(0, 65_535),
        3210,
      )
      .addOption(
        new Option(
          "--site-port <port>",
          "port for the app's HTTP actions (default: the one after --port)",
        ).argParser(wholeNumber(0, 65_535)),
      )
      .option(
        "--data <dir>",
        "where its data and admin key are kept",
        ".sessions-ops/data",
      )
      .option("--host <host>", "address to listen on", "127.0.0.1")
      .option("--allow-remote", "allow a --host that other machines can reach")
      .option(
        "--dev",
        "deploy again whenever the app's code changes, with `convex dev`, which also writes the URL for the front end to .env.local",
      )
      .option("--verbose", "show what `convex deploy` prints"),
    "serve --dev",
    "serve --port 4000 --data /var/tmp/sessions",
  ).action(async (_options, command: Command) => {
    const { serve } = await import("../serve/serve.js");
    await serve(context, command.optsWithGlobals<ServeOptions>());
  });
}
