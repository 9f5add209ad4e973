import type { CliContext } from "../context.js";
import type { LogEntry } from "../deployment/api.js";
import { byDeploymentClock } from "../deployment/clock.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import { toHookJson } from "../json/hooks.js";
import {
  type SettingsChangeJson,
  type SettingsLogJson,
  type SettingsShownJson,
  toLogEntryJson,
  toSettingsJson,
} from "../json/settings.js";
import { note, print, printJson, printJsonLine } from "../terminal/output.js";
import { changePolicy, type PolicyChangeOptions } from "./policyChange.js";
import { readPatch } from "./patch.js";
import { effectsText } from "./effects.js";
import { changeLines, settingsTable } from "./table.js";
import { printable } from "../terminal/printable.js";
import { formatTime } from "../time/time.js";
import type { Settings } from "../../convex/sessionTracker/shared/settings.js";

export type SettingsSetOptions = GlobalOptions & PolicyChangeOptions;

export interface SettingsLogOptions extends GlobalOptions {
  readonly limit: number;
  readonly before?: number;
  readonly jsonl?: boolean;
}

export async function getSettings(
  context: CliContext,
  options: GlobalOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const current = await client.query("settings/settings:get", {});
  const hooks = await client.query("operator/hooks:list", {});
  const there = await byDeploymentClock(context, client);
  if (options.json) {
    return printJson(context, {
      ...toSettingsJson(current, there.now()),
      hooks: hooks.map(toHookJson),
    } satisfies SettingsShownJson);
  }
  print(context, `${settingsTable(context, current)}\n`);
  print(context, effectsText(there, current, "stdout"));
  if (hooks.length > 0) {
    const set = hooks.map(
      ({ name, handle }) => `${name}  ${printable(handle)}`,
    );
    print(context, `\nHooks of the app:\n${set.join("\n")}`);
  }
  note(context, `Revision ${current.revision}.`);
}

/** Changes the settings that are named; the others stay. */
export async function setSettings(
  context: CliContext,
  assignments: string[],
  options: SettingsSetOptions,
): Promise<void> {
  const patch = readPatch(assignments);
  const connection = await connect(context, options);
  const { client } = connection;
  const current = await client.query("settings/settings:get", {});
  const changed = await changePolicy(
    context,
    connection,
    options,
    current,
    patch,
  );
  const { revision, before, after } = changed;
  const settings = { ...current, ...after, revision };
  const there = await byDeploymentClock(context, client);
  if (options.json) {
    return printJson(context, {
      ...toSettingsJson(settings, there.now()),
      ...changed,
    } satisfies SettingsChangeJson);
  }
  const lines = changeLines(before, after);
  print(
    context,
    lines.length === 0
      ? `Nothing to change: it is so already, at revision ${revision}.`
      : `${lines.join("\n")}\nRevision ${revision}.`,
  );
  note(context, effectsText(there, settings, "stderr"));
}

export async function logSettings(
  context: CliContext,
  { limit, before, ...options }: SettingsLogOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const entries = await client.query("settings/settings:log", {
    limit,
    ...(before === undefined ? {} : { before }),
  });
  const next =
    entries.length < limit ? null : (entries.at(-1)?.revision ?? null);
  if (options.json) {
    return printJson(context, {
      entries: entries.map(toLogEntryJson),
      before: next,
    } satisfies SettingsLogJson);
  }
  if (options.jsonl) {
    for (const entry of entries) {
      printJsonLine(context, toLogEntryJson(entry));
    }
  } else {
    print(
      context,
      entries.length === 0
        ? "No changes: the defaults are in force."
        : entries.map(entryText).join("\n"),
    );
  }
  if (next !== null) {
    note(context, `Earlier: sessions-ops settings log --before ${next}`);
  }
}

function entryText({ revision, at, actor, reason, before, after }: LogEntry) {
  const why = reason === undefined ? "" : `: ${reason}`;
  return [
    printable(`${revision}  ${formatTime(at)}  ${actor}${why}`),
    ...changeLines(before as Partial<Settings>, after as Partial<Settings>).map(
      (line) => `   ${line}`,
    ),
  ].join("\n");
}
