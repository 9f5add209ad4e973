import {
  purgeCutoff,
  type RetentionDays,
} from "../../convex/sessionTracker/shared.js";
import type { CliContext } from "../context.js";
import { confirmYes } from "../lib/confirm.js";
import { announceTarget, connect, type GlobalOptions } from "../lib/connect.js";
import {
  countOf,
  note,
  print,
  printJson,
  retentionText,
} from "../lib/output.js";
import { previewPurge } from "../lib/purgePreview.js";
import { nextPurgeText } from "../lib/scheduleReport.js";
import type { RetentionJson } from "../shapes.js";

export interface RetentionOptions extends GlobalOptions {
  readonly yes?: boolean;
  readonly reason?: string;
}

/** Shows the retention, or changes it. Lowering it dooms sessions, so it says how many and asks. */
export async function retention(
  context: CliContext,
  days: RetentionDays | undefined,
  options: RetentionOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  const current = await client.query("settings:get", {});
  const { retentionDays: previous, revision } = current;
  if (days === undefined) {
    return show(context, options, { retentionDays: previous, revision });
  }

  announceTarget(context, connection);
  const cutoff = isLower(days, previous)
    ? purgeCutoff(days, context.now())
    : null;
  const doomed = cutoff === null ? null : await previewPurge(client, cutoff);
  if (doomed) {
    const schedules = await client.query("schedules:list", {});
    await confirmYes(
      context,
      options,
      `Lower the retention from ${retentionText(previous)} to ${retentionText(days)}? ${countOf(doomed.sessions, "session")} will be older than that; ${nextPurgeText(schedules)}.`,
    );
  }
  const changed = await client.mutation("settings:change", {
    patch: { retentionDays: days },
    actor: context.actor,
    // What was shown is what is changed: another operator's change in between is not overwritten.
    expectedRevision: revision,
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  });
  show(context, options, {
    retentionDays: days,
    revision: changed.revision,
    previous,
    ...(doomed ? { purgeable: doomed.sessions } : {}),
  });
}

function show(
  context: CliContext,
  options: RetentionOptions,
  result: RetentionJson,
): void {
  if (options.json) return printJson(context, result);
  print(context, `Retention: ${retentionText(result.retentionDays)}`);
  if (result.previous !== undefined) {
    note(context, `It was ${retentionText(result.previous)}.`);
  }
}

function isLower(days: RetentionDays, previous: RetentionDays): boolean {
  if (days === "never") return false;
  return previous === "never" || days < previous;
}
