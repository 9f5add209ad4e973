import type { CliContext } from "../context.js";
import { announceTarget, connect, type GlobalOptions } from "../lib/connect.js";
import { note, print, printJson } from "../lib/output.js";
import { STATUS_TEXT } from "../lib/runs.js";
import type { RunChangeJson } from "../shapes.js";

export interface RunChangeOptions extends GlobalOptions {
  readonly reason?: string;
}

export interface RunResumeOptions extends GlobalOptions {
  readonly archive?: string;
}

/** Takes effect before the run's next page; what is done stays done. */
export async function cancelRun(
  context: CliContext,
  runId: string,
  options: RunChangeOptions,
): Promise<void> {
  const connection = await connect(context, options);
  await announceTarget(context, connection);
  const { canceled, status } = await connection.client.mutation("runs:cancel", {
    runId,
    actor: context.actor,
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  });
  reportRunChange(context, options, { runId, changed: canceled, status });
}

/** Goes on where a run that failed, was canceled or reached its maximum stopped, with its cutoff. */
export async function resumeRun(
  context: CliContext,
  runId: string,
  options: RunResumeOptions,
): Promise<void> {
  const connection = await connect(context, options);
  await announceTarget(context, connection);
  if (options.archive !== undefined) {
    const { resumeArchivedPurge } = await import("../lib/archive/purge.js");
    const archive = { runId, file: options.archive };
    return await resumeArchivedPurge(context, connection, options, archive);
  }
  const { resumed, status } = await connection.client.mutation("runs:resume", {
    runId,
    actor: context.actor,
  });
  reportRunChange(context, options, { runId, changed: resumed, status });
}

function reportRunChange(
  context: CliContext,
  options: GlobalOptions,
  change: RunChangeJson,
): void {
  if (options.json) return printJson(context, change);
  const { runId, changed, status } = change;
  if (changed) return print(context, `Run ${runId} is ${status}.`);
  print(context, `Run ${runId} ${STATUS_TEXT[status]}.`);
  note(context, "So it was before: nothing was changed.");
}
