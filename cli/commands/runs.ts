import type { Run } from "../lib/api.js";
import type { RunKind } from "../../convex/sessionTracker/shared.js";
import type { CliContext } from "../context.js";
import { connect, type GlobalOptions } from "../lib/connect.js";
import { toRunJson } from "../lib/convert.js";
import { print, printJson } from "../lib/output.js";
import { conclude, follow, readRun, report } from "../lib/runs.js";
import { printable } from "../lib/table.js";
import { runTable } from "../lib/tables.js";
import { formatTime, iso } from "../lib/time.js";
import type { RunListJson, RunShowJson } from "../shapes.js";

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

function runDetails(run: Run): string {
  return [
    `Trigger: ${run.trigger}; reason: ${printable(run.reason ?? "-")}; set aside: ${run.quarantined}`,
    ...run.errors.map(
      ({ at, message, sessionId }) =>
        `${formatTime(at)} ${sessionId ?? ""} ${printable(message)}`,
    ),
  ].join("\n");
}
