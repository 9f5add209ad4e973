import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addExport(program: Parent, context: CliContext): void {
  withTraits(program.command("export"), {
    writes: false,
    deletes: false,
    json: ["ExportJson"],
  })
    .description(
      "write all sessions with their actions as JSONL, which `import` reads",
    )
    .argument("<file>", "gzipped if it ends in .gz; - for stdout")
    .option("--force", "write over a file that is there")
    .option(
      "--without-ids",
      "leave out who it was (anonymousId, userId); such a file cannot be imported",
    )
    .addHelpText(
      ...examples("export sessions.jsonl.gz", "export - | jq .anonymousId"),
    )
    .action(async (file, _options, command) => {
      const { exportFile } = await import("../transfer/exportFile.js");
      await exportFile(context, file, given(command));
    });
}
