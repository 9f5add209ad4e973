import { nextStop } from "../../convex/sessionTracker/shared/runs/bounds.js";
import type { CliContext } from "../context.js";
import type { Run } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { confirmCount } from "../terminal/confirm.js";
import {
  announceTarget,
  connect,
  type Connection,
  type GlobalOptions,
} from "../deployment/connect.js";
import { CliError } from "../errors.js";
import { untilInterrupted } from "../terminal/interrupt.js";
import { note, print, printJson } from "../terminal/output.js";
import { countOf, formatNumber, retentionText } from "../terminal/words.js";
import { printable } from "../terminal/printable.js";
import type { RunChangeJson } from "../json/run.js";
import { conflictText, isConflict } from "../settings/conflict.js";
import { resumeCommand } from "./advice.js";
import { follow, readRun } from "./follow.js";
import { countLeft } from "./countLeft.js";
import { conclude, report, STATUS_TEXT } from "./report.js";

export interface RunChangeOptions extends GlobalOptions {
  readonly reason?: string;
}

export interface RunResumeOptions extends RunChangeOptions {
  readonly archive?: string;
  readonly confirm?: number;
  readonly detach?: boolean;
  readonly inWindow?: boolean;
}

/** Cancels a run before its next page; what is done stays done. */
export async function cancelRun(
  context: CliContext,
  runId: string,
  options: RunChangeOptions,
): Promise<void> {
  const connection = await connect(context, options);
  await announceTarget(context, connection);
  const { canceled, status } = await connection.client.mutation(
    "runs/control:cancel",
    {
      runId,
      actor: context.actor,
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    },
  );
  const text = `Run ${runId} ${canceled ? "is canceled" : STATUS_TEXT[status]}.`;
  if (options.json) {
    const change: RunChangeJson = { runId, changed: canceled, status };
    printJson(context, change);
  } else {
    print(context, text);
  }
  if (canceled) return;
  const before = "So it was before: nothing was changed.";
  if (status === "canceled") return note(context, before);
  throw new CliError("failure", `There is nothing to cancel. ${before}`);
}

/** Lets a run that failed, was canceled or reached its maximum go on where it stopped, and follows it. */
export async function resumeRun(
  context: CliContext,
  runId: string,
  options: RunResumeOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  await announceTarget(context, connection);
  // A run that is not there is the deployment's to refuse.
  const run = await client.query("runs/ledger:get", { runId });
  if (run !== null) checkResumable(run, options);
  const expectedRevision =
    run === null ? undefined : await confirmKept(context, client, run, options);
  try {
    await goOn(context, connection, runId, { ...options, expectedRevision });
  } catch (error) {
    if (!isConflict(error) || expectedRevision === undefined) throw error;
    const text = await conflictText(client, expectedRevision, {
      nothing: "The run does not go on",
      again: "Repeat the command to see what it would take now.",
    });
    throw new CliError("failure", text, { cause: error });
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function checkResumable(run: Run, { archive }: RunResumeOptions): void {
  const { runId, status, archiveFile } = run;
  if (status === "completed") {
    throw new CliError(
      "failure",
      `Run ${runId} has completed already: there is nothing to go on with.`,
    );
  }
  if (archiveFile === undefined || archive !== undefined) return;
  throw new CliError(
    "failure",
    `Run ${runId} archives what it deletes to ${printable(archiveFile)}, so it goes on only with that file: \`${resumeCommand(run)}\`. Where the file has been moved, name where it is now.`,
  );
}

/**
 * Asks for the number of sessions where a run that was asked for under other settings takes some that
 * are kept by now: only that number confirms it.
 * @returns the revision of the settings under which it is to go on
 */
async function confirmKept(
  context: CliContext,
  client: ComponentClient,
  run: Run,
  options: RunResumeOptions,
): Promise<number> {
  const { revision, retentionDays } = await client.query(
    "settings/settings:get",
    {},
  );
  if (run.kind !== "purge" || run.revision === revision) return revision;
  const stopAt = nextStop(run);
  const left = await countLeft(
    client,
    stopAt === undefined ? run : { ...run, stopAt },
  );
  if (left.kept > 0) {
    await confirmCount(
      context,
      options,
      left.sessions,
      `The settings have changed since the run was asked for: of ${countOf(left.sessions, "session")} that it still deletes, the retention (${retentionText(retentionDays)}) keeps ${formatNumber(left.kept)}.`,
    );
  }
  return left.revision;
}

async function goOn(
  context: CliContext,
  connection: Connection,
  runId: string,
  options: RunResumeOptions & { expectedRevision: number | undefined },
): Promise<void> {
  const { client } = connection;
  const { archive: file, reason, detach, expectedRevision, inWindow } = options;
  const by = {
    runId,
    actor: context.actor,
    ...(reason === undefined ? {} : { reason }),
    ...(expectedRevision === undefined ? {} : { expectedRevision }),
    ...(inWindow === undefined ? {} : { inWindow }),
  };
  if (file !== undefined) {
    const { resumeArchivedPurge } = await import("../purges/archivedPurge.js");
    return await resumeArchivedPurge(context, connection, options, {
      file,
      by,
    });
  }
  const { resumed } = await client.mutation("runs/control:resume", by);
  if (!resumed) {
    note(context, `Run ${runId} is running already: nothing was changed.`);
  }
  const run = detach
    ? await readRun(client, runId)
    : await untilInterrupted(context, client, (interrupted) =>
        follow(context, client, runId, {
          ...options,
          interrupted,
          mayLeave: true,
        }),
      );
  report(context, options, run, { changed: resumed });
  conclude(run);
}
