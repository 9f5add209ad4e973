import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import { cancelRun, ifRevision, reason } from "../../commandLine/options.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addSettingsSet(settings: Parent, context: CliContext): void {
  withTraits(settings.command("set"), {
    writes: true,
    deletes: false,
    json: ["SettingsChangeJson"],
  })
    .description("change what is named, keep the rest, show the difference")
    .argument(
      "<field=value...>",
      "durations may be written 90s, 45m, 2h, 7d; retention.sessions, .visits and .actions take them too",
    )
    .option("-y, --yes", "do not ask before lowering the retention")
    .addOption(cancelRun())
    .addOption(reason("recorded in the settings log"))
    .addOption(ifRevision())
    .addHelpText(
      ...examples(
        "settings set idleTimeoutMs=45m touchAfterMs=2m --reason 'long reads'",
        "settings set retention.actions=14d --if-revision 3 --json",
      ),
    )
    .action(async (assignments, _options, command) => {
      const { setSettings } = await import("../../settings/settings.js");
      await setSettings(context, assignments, given(command));
    });
}
