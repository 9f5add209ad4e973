import { examples } from "../commandLine/examples.js";
import { byDefault } from "../commandLine/groups.js";
import type { Parent } from "../commandLine/bareProgram.js";
import type { CliContext } from "../context.js";
import { addSettingsGet } from "./settings/get.js";
import { addSettingsSet } from "./settings/set.js";
import { addSettingsLog } from "./settings/log.js";

export function addSettings(program: Parent, context: CliContext): void {
  const settings = program
    .command("settings")
    .description("look at the settings, change them, and see who did")
    .addHelpText(
      ...examples(
        "settings get",
        "settings set idleTimeoutMs=45m --reason 'long reads'",
      ),
    );
  byDefault(settings, "get");
  addSettingsGet(settings, context);
  addSettingsSet(settings, context);
  addSettingsLog(settings, context);
}
