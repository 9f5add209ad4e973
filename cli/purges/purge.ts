import type { CliContext } from "../context.js";
import type { ComponentClient } from "../deployment/client.js";
import { canAsk, confirmCount, confirmYes } from "../terminal/confirm.js";
import { conflictText, isConflict } from "../settings/conflict.js";
import {
  announceTarget,
  connect,
  type Connection,
} from "../deployment/connect.js";
import { printDryRun } from "./dryRun.js";
import { CliError } from "../errors.js";
import { note } from "../terminal/output.js";
import { countOf, retentionText } from "../terminal/words.js";
import { checkArchive, type ArchiveOptions } from "./archiveOptions.js";
import { askedCutoff, checkReach, type CutoffOptions } from "./cutoff.js";
import { previewPurge, type PurgePreview } from "./preview.js";
import { byRetentionText, cutoffText, ownCutoffsText } from "../runs/kinds.js";
import { reportNothing } from "../runs/report.js";
import { startAndFollow, type FollowOptions } from "../runs/start.js";

export interface PurgeOptions
  extends FollowOptions, CutoffOptions, ArchiveOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly confirm?: number;
  readonly reason?: string;
}

export async function purge(
  context: CliContext,
  options: PurgeOptions,
): Promise<void> {
  checkArchive(options);
  const connection = await connect(context, options);
  const cutoff = askedCutoff(options);
  await announceTarget(context, connection);
  for (;;) {
    const found = await look(context, connection.client, options, cutoff);
    if (options.dryRun) return printDryRun(context, options, found);
    if (found.sessions === 0 && takenByRetention(options, found) === 0) {
      return reportNothing(context, options, "purge", found.cutoff);
    }
    await confirm(context, options, found);
    try {
      return await start(context, connection, options, found);
    } catch (error) {
      if (!isConflict(error)) throw error;
      const changed = await changedMeanwhile(connection.client, found);
      if (!isAsked(context, options)) {
        throw new CliError("failure", changed, { cause: error });
      }
      note(context, changed);
    }
  }
}

async function look(
  context: CliContext,
  client: ComponentClient,
  options: PurgeOptions,
  cutoff: ReturnType<typeof askedCutoff>,
): Promise<PurgePreview> {
  const request = cutoff === undefined ? {} : { cutoff };
  const measure = options.dryRun ?? false;
  const found = await previewPurge(client, request, { measure });
  checkReach(options, found);
  note(
    context,
    `Cutoff: ${found.cutoff === 0 ? "" : "last active before "}${cutoffText(found.cutoff)}: ${countOf(found.sessions, "session")}, ${countOf(found.actions, "action")}`,
  );
  noteByRetention(context, options, found);
  return found;
}

/** Says what goes by its own retention while its session stays. */
function noteByRetention(
  context: CliContext,
  options: PurgeOptions,
  { cutoffs, byRetention }: PurgePreview,
): void {
  if (cutoffs === undefined) return;
  note(
    context,
    options.archive === undefined
      ? `Of sessions that stay, ${ownCutoffsText(cutoffs)}: ${byRetentionText(byRetention)}`
      : `An archive has whole sessions, so ${byRetentionText(byRetention)} of sessions that stay are left to the next purge without --archive.`,
  );
}

/** The number of visits and actions that this purge takes of sessions that stay; an archived one takes none. */
function takenByRetention(
  { archive }: PurgeOptions,
  { byRetention: { visits, actions } }: PurgePreview,
): number {
  return archive === undefined ? visits + actions : 0;
}

async function confirm(
  context: CliContext,
  options: PurgeOptions,
  found: PurgePreview,
): Promise<void> {
  const { sessions, actions, isBelowRetention, retentionDays } = found;
  const others =
    takenByRetention(options, found) === 0
      ? ""
      : `, and of sessions that stay ${byRetentionText(found.byRetention)},`;
  const count = Math.min(sessions, options.max ?? Infinity);
  if (isBelowRetention || options.confirm !== undefined) {
    return await confirmCount(
      context,
      options,
      count,
      `This deletes sessions that the retention (${retentionText(retentionDays)}) keeps.`,
    );
  }
  await confirmYes(
    context,
    options,
    count === sessions
      ? `Delete ${countOf(count, "session")} and ${countOf(actions, "action")}${others} for good?`
      : `Delete the oldest ${countOf(count, "session")} of them, with their actions${others === "" ? "," : others} for good?`,
  );
}

async function start(
  context: CliContext,
  connection: Connection,
  options: PurgeOptions,
  { cutoff, cutoffs, revision, sessions, now }: PurgePreview,
): Promise<void> {
  const { archive: file, reason, withoutIds } = options;
  const asked = askedCutoff(options);
  const request = { cutoff, expectedRevision: revision, expected: sessions };
  if (file === undefined) {
    const isNamed = typeof asked === "number";
    return await startAndFollow(context, connection, options, {
      kind: "purge",
      ...request,
      ...(cutoffs === undefined ? {} : { cutoffs }),
      reason,
      reckonedAt: isNamed ? undefined : now,
    });
  }
  const { startArchivedPurge } = await import("./archivedPurge.js");
  await startArchivedPurge(context, connection, options, {
    kind: "purge",
    ...request,
    file,
    reason,
    withoutIds,
  });
}

/** Whether somebody answers the command's question, and can be asked again. */
function isAsked(context: CliContext, options: PurgeOptions): boolean {
  const { yes = false, confirm: count } = options;
  return canAsk(context, options) && !yes && count === undefined;
}

async function changedMeanwhile(
  client: ComponentClient,
  { revision }: PurgePreview,
): Promise<string> {
  return await conflictText(client, revision, {
    nothing: "No run was started",
    again:
      "What it would delete now is counted anew; without an answer nothing is deleted.",
  });
}
