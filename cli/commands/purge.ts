import { purgeCutoff } from "../../convex/sessionTracker/shared.js";
import type { CliContext } from "../context.js";
import { confirmCount, confirmYes } from "../lib/confirm.js";
import { announceTarget, connect } from "../lib/connect.js";
import {
  countOf,
  note,
  print,
  printJson,
  retentionText,
} from "../lib/output.js";
import { chooseCutoff, type CutoffOptions } from "../lib/purgeCutoff.js";
import { previewPurge, type PurgePreview } from "../lib/purgePreview.js";
import {
  reportNothing,
  startAndFollow,
  type FollowOptions,
} from "../lib/runs.js";
import { formatTime, iso, isoOrNull } from "../lib/time.js";
import type { DryRunJson } from "../shapes.js";

export interface PurgeOptions extends FollowOptions, CutoffOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly confirm?: number;
  readonly reason?: string;
}

export async function purge(
  context: CliContext,
  options: PurgeOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  const { retentionDays } = await client.query("settings:get", {});
  const now = context.now();
  const cutoff = chooseCutoff(options, retentionDays, now);
  announceTarget(context, connection);
  const found = await previewPurge(client, cutoff);
  note(
    context,
    `Cutoff: last active before ${formatTime(cutoff)}: ${countOf(found.sessions, "session")}, ${countOf(found.actions, "action")}`,
  );

  if (options.dryRun) return printDryRun(context, options, cutoff, found);
  if (found.sessions === 0) {
    return reportNothing(context, options, "purge", cutoff);
  }

  const kept = purgeCutoff(retentionDays, now);
  const withinRetention = kept !== null && cutoff <= kept;
  if (!withinRetention || options.confirm !== undefined) {
    await confirmCount(
      context,
      options,
      found.sessions,
      `This deletes sessions that the retention (${retentionText(retentionDays)}) keeps.`,
    );
  } else {
    await confirmYes(
      context,
      options,
      `Delete ${countOf(found.sessions, "session")} and ${countOf(found.actions, "action")} for good?`,
    );
  }
  await startAndFollow(context, connection, options, {
    kind: "purge",
    cutoff,
    reason: options.reason,
    expected: found.sessions,
  });
}

function printDryRun(
  context: CliContext,
  options: PurgeOptions,
  cutoff: number,
  { sessions, actions, oldest, newest }: PurgePreview,
): void {
  if (options.json) {
    return printJson(context, {
      dryRun: true,
      cutoff: iso(cutoff),
      sessions,
      actions,
      oldest: isoOrNull(oldest),
      newest: isoOrNull(newest),
    } satisfies DryRunJson);
  }
  const range =
    oldest === null || newest === null
      ? ""
      : `, last active from ${formatTime(oldest)} to ${formatTime(newest)}`;
  print(
    context,
    `Dry run, nothing deleted. A purge would delete ${countOf(sessions, "session")} and ${countOf(actions, "action")}${range}.\nTo delete exactly these: sessions-ops purge --before ${iso(cutoff)}`,
  );
}
