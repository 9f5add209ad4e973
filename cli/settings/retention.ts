import type { CliContext } from "../context.js";
import { byDeploymentClock } from "../deployment/clock.js";
import {
  connect,
  type Connection,
  type GlobalOptions,
} from "../deployment/connect.js";
import { note, print, printJson } from "../terminal/output.js";
import { retentionText } from "../terminal/words.js";
import { changePolicy, type PolicyChangeOptions } from "./policyChange.js";
import { effectsText } from "./effects.js";
import type { RetentionJson } from "../json/settings.js";
import type { RetentionDays } from "../../convex/sessionTracker/shared/settings.js";

export type RetentionOptions = GlobalOptions & PolicyChangeOptions;

/** Shows the retention, or changes it. */
export async function retention(
  context: CliContext,
  days: RetentionDays | undefined,
  options: RetentionOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  const current = await client.query("settings/settings:get", {});
  const { retentionDays: previous } = current;
  if (days === undefined) {
    const { revision } = current;
    return await show(context, connection, options, current, {
      retentionDays: previous,
      revision,
    });
  }
  const changed = await changePolicy(context, connection, options, current, {
    retentionDays: days,
  });
  const { revision, purgeable, goesOn } = changed;
  const settings = { ...current, retentionDays: days };
  await show(context, connection, options, settings, {
    retentionDays: days,
    revision,
    previous,
    ...(purgeable === undefined ? {} : { purgeable }),
    ...(goesOn === undefined ? {} : { goesOn }),
  });
}

async function show(
  context: CliContext,
  { client }: Connection,
  options: GlobalOptions,
  settings: Parameters<typeof effectsText>[1],
  result: RetentionJson,
): Promise<void> {
  if (options.json) return printJson(context, result);
  print(context, `Retention: ${retentionText(result.retentionDays)}`);
  if (result.previous !== undefined) {
    note(context, `It was ${retentionText(result.previous)}.`);
  }
  const there = await byDeploymentClock(context, client);
  note(context, effectsText(there, settings, "stderr"));
}
