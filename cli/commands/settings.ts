import type { Command } from "commander";
import type { RetentionDays } from "../../convex/sessionTracker/shared/shared.js";
import type { RetentionOptions } from "../settings/retention.js";
import type {
  SettingsLogOptions,
  SettingsSetOptions,
} from "../settings/settings.js";
import type { CliContext } from "../context.js";
import type { GlobalOptions } from "../deployment/connect.js";
import {
  cancelRunOption,
  ifRevision,
  reasonOption,
  retentionDays,
  wholeNumber,
  withExamples,
} from "./arguments.js";
import { byDefault } from "./groups.js";
import { jsonLines } from "./sessions.js";

export function addSettingsCommands(
  program: Command,
  context: CliContext,
): void {
  withExamples(
    changing(
      program
        .command("retention")
        .description(
          "show for how long inactive sessions are kept, or change it",
        )
        .argument(
          "[days]",
          'days, or "never" to keep them for ever',
          retentionDays,
        ),
    ),
    "retention",
    "retention 30 --reason 'privacy policy of May'",
  ).action(
    async (days: RetentionDays | undefined, _options, command: Command) => {
      const { retention } = await import("../settings/retention.js");
      await retention(
        context,
        days,
        command.optsWithGlobals<RetentionOptions>(),
      );
    },
  );

  const settings = withExamples(
    program
      .command("settings")
      .description("look at the settings, change them, and see who did"),
    "settings get",
    "settings set idleTimeoutMs=45m --reason 'long reads'",
  );
  byDefault(settings, "get");

  withExamples(
    settings
      .command("get")
      .description(
        "show all settings, what they mean, and what contradicts (default)",
      ),
    "settings get",
    "settings get --json",
  ).action(async (_options, command: Command) => {
    const { getSettings } = await import("../settings/settings.js");
    await getSettings(context, command.optsWithGlobals<GlobalOptions>());
  });

  withExamples(
    changing(
      settings
        .command("set")
        .description("change what is named, keep the rest, show the difference")
        .argument(
          "<field=value...>",
          "durations may be written 90s, 45m, 2h, 7d",
        ),
    ),
    "settings set idleTimeoutMs=45m touchAfterMs=2m --reason 'long reads'",
    "settings set retentionDays=never --if-revision 3 --json",
  ).action(async (assignments: string[], _options, command: Command) => {
    const { setSettings } = await import("../settings/settings.js");
    await setSettings(
      context,
      assignments,
      command.optsWithGlobals<SettingsSetOptions>(),
    );
  });

  withExamples(
    settings
      .command("log")
      .description("show who changed which setting when and why, newest first")
      .option("--limit <n>", "how many at most", wholeNumber(1, 1_000), 20)
      .option("--before <revision>", "only earlier ones", wholeNumber(1))
      .addOption(jsonLines("one JSON object a change, a line each")),
    "settings log",
    "settings log --limit 100 --jsonl",
  ).action(async (_options, command: Command) => {
    const { logSettings } = await import("../settings/settings.js");
    await logSettings(context, command.optsWithGlobals<SettingsLogOptions>());
  });
}

function changing(command: Command): Command {
  return command
    .option("-y, --yes", "do not ask before lowering the retention")
    .addOption(cancelRunOption())
    .addOption(reasonOption("recorded in the settings log"))
    .addOption(ifRevision());
}
