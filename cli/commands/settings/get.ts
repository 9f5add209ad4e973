import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import { withTraits } from "../../commandLine/traits.js";
import type { CliContext } from "../../context.js";

export function addSettingsGet(settings: Parent, context: CliContext): void {
  withTraits(settings.command("get"), {
    writes: false,
    deletes: false,
    json: ["SettingsShownJson"],
  })
    .description(
      "show all settings, what they mean, and what contradicts (default)",
    )
    .addHelpText(...examples("settings get", "settings get --json"))
    .action(async (_options, command) => {
      const { getSettings } = await import("../../settings/settings.js");
      await getSettings(context, given(command));
    });
}
