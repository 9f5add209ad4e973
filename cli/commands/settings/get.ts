import { examples } from "../../commandLine/examples.js";
import { given } from "../../commandLine/given.js";
import type { Parent } from "../../commandLine/bareProgram.js";
import type { CliContext } from "../../context.js";

export function addSettingsGet(settings: Parent, context: CliContext): void {
  settings
    .command("get")
    .description(
      "show all settings, what they mean, and what contradicts (default)",
    )
    .addHelpText(...examples("settings get", "settings get --json"))
    .action(async (_options, command) => {
      const { getSettings } = await import("../../settings/settings.js");
      await getSettings(context, given(command));
    });
}
