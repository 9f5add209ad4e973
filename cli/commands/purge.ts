import { purgeCutoff } from "../../convex/sessionTracker/shared.js";
import type { CliContext } from "../context.js";
import { confirmCount, confirmYes } from "../lib/confirm.js";
import { announceTarget, connect } from "../lib/connect.js";
import { printDryRun } from "../lib/dryRun.js";
import { countOf, note, retentionText } from "../lib/output.js";
import { chooseCutoff, type CutoffOptions } from "../lib/purgeCutoff.js";
import { previewPurge } from "../lib/purgePreview.js";
import {
  reportNothing,
  startAndFollow,
  type FollowOptions,
} from "../lib/runs.js";
import { formatTime } from "../lib/time.js";

export interface PurgeOptions extends FollowOptions, CutoffOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly confirm?: number;
  readonly archive?: string;
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
  await announceTarget(context, connection);
  const found = await previewPurge(client, cutoff, {
    now,
    measure: options.dryRun ?? false,
  });
  note(
    context,
    `Cutoff: last active before ${formatTime(cutoff)}: ${countOf(found.sessions, "session")}, ${countOf(found.actions, "action")}`,
  );

  if (options.dryRun) return printDryRun(context, options, cutoff, found);
  if (found.sessions === 0) {
    return reportNothing(context, options, "purge", cutoff);
  }

  const count = Math.min(found.sessions, options.max ?? Infinity);
  const kept = purgeCutoff(retentionDays, now);
  const withinRetention = kept !== null && cutoff <= kept;
  if (!withinRetention || options.confirm !== undefined) {
    await confirmCount(
      context,
      options,
      count,
      `This deletes sessions that the retention (${retentionText(retentionDays)}) keeps.`,
    );
  } else {
    await confirmYes(
      context,
      options,
      count === found.sessions
        ? `Delete ${countOf(count, "session")} and ${countOf(found.actions, "action")} for good?`
        : `Delete the oldest ${countOf(count, "session")} of them, with their actions, for good?`,
    );
  }
  const { reason } = options;
  if (options.archive === undefined) {
    const what = { kind: "purge", cutoff, reason, expected: count } as const;
    return await startAndFollow(context, connection, options, what);
  }
  const { startArchivedPurge } = await import("../lib/archive/purge.js");
  await startArchivedPurge(context, connection, options, {
    file: options.archive,
    cutoff,
    reason,
    expected: count,
  });
}
