import type { RunKind } from "../../convex/sessionTracker/shared.js";
import type { CliContext } from "../context.js";
import type { Run } from "../lib/api.js";
import type { ComponentClient } from "../lib/client.js";
import { connect, type GlobalOptions } from "../lib/connect.js";
import { toRunJson, toRunShowJson } from "../lib/convert.js";
import { untilInterrupted } from "../lib/interrupt.js";
import {
  countOf,
  formatNumber,
  print,
  printJson,
  widthOf,
} from "../lib/output.js";
import { previewPurge } from "../lib/purgePreview.js";
import { conclude, follow, readRun, report } from "../lib/runs.js";
import { printable } from "../lib/printable.js";
import { runTable } from "../lib/tables.js";
import { formatTime } from "../lib/time.js";
import type { RunListJson } from "../shapes.js";

export interface RunListOptions extends GlobalOptions {
  readonly limit: number;
  readonly kind?: RunKind;
}

export async function listRuns(
  context: CliContext,
  { limit, kind, ...options }: RunListOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const runs = await client.query("runs:list", {
    limit,
    ...(kind === undefined ? {} : { kind }),
  });
  if (options.json) {
    return printJson(context, {
      runs: runs.map(toRunJson),
    } satisfies RunListJson);
  }
  print(
    context,
    runs.length === 0 ? "No runs." : runTable(runs, widthOf(context)),
  );
}

export async function showRun(
  context: CliContext,
  runId: string,
  options: GlobalOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const run = await readRun(client, runId);
  if (options.json) {
    return printJson(context, toRunShowJson(run));
  }
  print(context, `${runTable([run], widthOf(context))}\n${runDetails(run)}`);
}

/** Follows a run to its end, whoever started it. */
export async function watchRun(
  context: CliContext,
  runId: string,
  options: GlobalOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const expected = await expectedSessions(client, runId);
  const { json = false } = options;
  const run = await untilInterrupted(context, client, (interrupted) =>
    follow(context, client, runId, expected, { interrupted, json }),
  );
  report(context, options, run);
  conclude(run);
}

/** What a run has done and what is left for it, for the progress bar. */
async function expectedSessions(
  client: ComponentClient,
  runId: string,
): Promise<{ total: number; before: number }> {
  const { kind, status, cutoff, sessions, stopAt } = await readRun(
    client,
    runId,
  );
  if (status !== "running") return { total: sessions, before: 0 };
  const left =
    kind === "purge"
      ? (await previewPurge(client, cutoff)).sessions
      : (await client.query("stats:backlog", {})).expire;
  const total = Math.min(sessions + left, stopAt ?? Infinity);
  return { total, before: sessions };
}

function runDetails(run: Run): string {
  const { maxSessions: max, ratePerSecond: rate, archiveFile: file } = run;
  const budget = [
    ...(max === undefined ? [] : [`at most ${countOf(max, "session")}`]),
    ...(rate === undefined ? [] : [`at most ${formatNumber(rate)} a second`]),
    ...(file === undefined ? [] : [`archived to ${printable(file)}`]),
  ];
  return [
    ...(budget.length === 0 ? [] : [`Bounds: ${budget.join(", ")}`]),
    `Trigger: ${run.trigger}; reason: ${printable(run.reason ?? "-")}; set aside: ${run.quarantined}`,
    ...run.errors.map(
      ({ at, message, sessionId }) =>
        `${formatTime(at)} ${sessionId ?? ""} ${printable(message)}`,
    ),
  ].join("\n");
}
