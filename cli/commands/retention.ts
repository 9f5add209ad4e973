import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import { cancelRun, ifRevision, reason } from "../commandLine/options.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { retentionDays } from "../commandLine/values.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addRetention(program: Parent, context: CliContext): void {
  withTraits(program.command("retention"), {
    writes: true,
    deletes: false,
    json: ["RetentionJson"],
  })
    .description("show for how long inactive sessions are kept, or change it")
    .argument("[days]", 'days, or "never" to keep them for ever', retentionDays)
    .option("-y, --yes", "do not ask before lowering the retention")
    .addOption(cancelRun())
    .addOption(reason("recorded in the settings log"))
    .addOption(ifRevision())
    .addHelpText(
      ...examples("retention", "retention 30 --reason 'privacy policy of May'"),
    )
    .action(async (days, _options, command) => {
      const { retention } = await import("../settings/retention.js");
      await retention(context, days, given(command));
    });
}
