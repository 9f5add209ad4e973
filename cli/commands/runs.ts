import type { Run } from "../lib/api.js";
import type { RunKind } from "../../convex/sessionTracker/shared.js";
import type { CliContext } from "../context.js";
import { announceTarget, connect, type GlobalOptions } from "../lib/connect.js";
import { toRunJson } from "../lib/convert.js";
import { note, print, printJson } from "../lib/output.js";
import { conclude, follow, readRun, report } from "../lib/runs.js";
import { printable } from "../lib/table.js";
import { runTable } from "../lib/tables.js";
import { formatTime, iso } from "../lib/time.js";
import type { RunChangeJson, RunListJson, RunShowJson } from "../shapes.js";

export interface RunListOptions extends GlobalOptions {
  readonly limit: number;
  readonly kind?: RunKind;
}

export interface RunChangeOptions extends GlobalOptions {
  readonly reason?: string;
}

export async function listRuns(
  context: CliContext,
  { limit, kind, ...options }: RunListOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const runs = await client.call(
    "runs:list",
    { limit, ...(kind === undefined ? {} : { kind }) },
    { retry: true },
  );
  if (options.json) {
    return printJson(context, {
      runs: runs.map(toRunJson),
    } satisfies RunListJson);
  }
  print(context, runs.length === 0 ? "No runs." : runTable(runs));
}

export async function showRun(
  context: CliContext,
  runId: string,
  options: GlobalOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const run = await readRun(client, runId);
  if (options.json) {
    return printJson(context, {
      ...toRunJson(run),
      errors: run.errors.map(({ at, message, sessionId = null }) => ({
        at: iso(at),
        message,
        sessionId,
      })),
    } satisfies RunShowJson);
  }
  print(context, `${runTable([run])}\n${runDetails(run)}`);
}

/** Follows a run to its end, whoever started it. */
export async function watchRun(
  context: CliContext,
  runId: string,
  options: GlobalOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const run = await follow(context, client, runId, 0, options);
  report(context, options, run);
  conclude(run);
}

/** Takes effect before the run's next page; what is done stays done. */
export async function cancelRun(
  context: CliContext,
  runId: string,
  options: RunChangeOptions,
): Promise<void> {
  const connection = await connect(context, options);
  announceTarget(context, connection);
  const { canceled, status } = await connection.client.call("runs:cancel", {
    runId,
    actor: context.actor,
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  });
  reportRunChange(context, options, { runId, changed: canceled, status });
}

/** Goes on where a failed or canceled run stopped, with the cutoff it had. */
export async function resumeRun(
  context: CliContext,
  runId: string,
  options: GlobalOptions,
): Promise<void> {
  const connection = await connect(context, options);
  announceTarget(context, connection);
  const { resumed, status } = await connection.client.call("runs:resume", {
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
  print(context, `Run ${change.runId} is ${change.status}.`);
  if (!change.changed) note(context, "It was before: nothing was changed.");
}

function runDetails(run: Run): string {
  return [
    `Trigger: ${run.trigger}; reason: ${printable(run.reason ?? "-")}; set aside: ${run.quarantined}`,
    ...run.errors.map(
      ({ at, message, sessionId }) =>
        `${formatTime(at)} ${sessionId ?? ""} ${printable(message)}`,
    ),
  ].join("\n");
}
