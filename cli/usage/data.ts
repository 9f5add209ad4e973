import type { Command } from "commander";
import type { ImportOptions } from "../commands/import.js";
import type { ServeOptions } from "../commands/serve.js";
import type { CliContext } from "../context.js";
import { wholeNumber, withExamples } from "./arguments.js";

export function addDataCommands(program: Command, context: CliContext): void {
  withExamples(
    program
      .command("import")
      .description(
        "import sessions from JSONL: {anonymousId, createdAt, lastActive, actions?} a line",
      )
      .argument("<file>", "the file, or - for stdin")
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
    "import - --skip-invalid --json < sessions/documents.jsonl",
  ).action(async (file: string, _options, command: Command) => {
    const { importFile } = await import("../commands/import.js");
    await importFile(context, file, command.optsWithGlobals<ImportOptions>());
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
      .option(
        "--data <dir>",
        "where its data and admin key are kept",
        ".sessions-ops/data",
      )
      .option("--host <host>", "address to listen on", "127.0.0.1")
      .option("--allow-remote", "allow a --host that other machines can reach")
      .option("--verbose", "show what `convex deploy` prints"),
    "serve",
    "serve --port 4000 --data /var/tmp/sessions",
  ).action(async (_options, command: Command) => {
    const { serve } = await import("../commands/serve.js");
    await serve(context, command.optsWithGlobals<ServeOptions>());
  });
}
