import { MAX_LISTED_RUNS } from "../../convex/sessionTracker/shared/limits.js";
import type { CliContext } from "../context.js";
import type { Run } from "../deployment/api.js";
import { byDeploymentClock } from "../deployment/clock.js";
import type { ComponentClient } from "../deployment/client.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import { type RunListJson, toRunJson, toRunShowJson } from "../json/run.js";
import { untilInterrupted } from "../terminal/interrupt.js";
import {
  note,
  print,
  printJson,
  printJsonLine,
  widthOf,
} from "../terminal/output.js";
import { adviceText, countOf, formatNumber } from "../terminal/words.js";
import { printable } from "../terminal/printable.js";
import { noteMore, readPages, type PageOptions } from "../terminal/pages.js";
import { formatTime } from "../time/time.js";
import type { RunKind } from "../../convex/sessionTracker/shared/runs/kinds.js";
import { filterText } from "../many/filter.js";
import { blockedText } from "../sessions/blocked.js";
import { blockedUntilJson } from "../json/session.js";
import { adviceFor, resumeCommand } from "./advice.js";
import { deletes, ownCutoffsText } from "./kinds.js";
import { follow, readRun } from "./follow.js";
import { conclude, howToFollow, report, tookText } from "./report.js";
import { runTable } from "./table.js";

export interface RunListOptions extends GlobalOptions, PageOptions {
  readonly kind?: RunKind;
  readonly jsonl?: boolean;
}

export async function listRuns(
  context: CliContext,
  options: RunListOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const onPage = (page: Run[]) => {
    if (!options.jsonl) return;
    for (const run of page) printJsonLine(context, toRunJson(run));
  };
  const { rows: runs, cursor } = await findRuns(client, options, onPage);
  if (options.json) {
    return printJson(context, {
      runs: runs.map(toRunJson),
      cursor,
    } satisfies RunListJson);
  }
  if (!options.jsonl) {
    print(
      context,
      runs.length === 0 ? "No runs." : runTable(runs, widthOf(context)),
    );
    await noteStandstill(context, client, runs);
  }
  noteMore(context, cursor);
}

/**
 * Says which of the runs stand still. Runs that have ended are history; the needs of those that go on
 * are said with them.
 */
async function noteStandstill(
  context: CliContext,
  client: ComponentClient,
  runs: Run[],
): Promise<void> {
  const running = runs.filter(({ status }) => status === "running");
  if (running.length === 0) return;
  const there = await byDeploymentClock(context, client);
  for (const run of running) {
    const advice = adviceFor(run, there.now());
    if (advice !== null) note(context, adviceText(advice));
  }
}

async function findRuns(
  client: ComponentClient,
  { kind, ...options }: RunListOptions,
  onPage: (runs: Run[]) => void,
) {
  return await readPages(
    options,
    MAX_LISTED_RUNS,
    async (page) => {
      const { runs, cursor } = await client.query("runs/ledger:page", {
        ...page,
        ...(kind === undefined ? {} : { kind }),
      });
      return { rows: runs, cursor };
    },
    onPage,
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
  const there = await byDeploymentClock(context, client);
  for (const text of whatToDo(run, there.now())) note(context, text);
}

/** Follows a run to its end, whoever started it. */
export async function watchRun(
  context: CliContext,
  runId: string,
  options: GlobalOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const { json = false } = options;
  const run = await untilInterrupted(context, client, (interrupted) =>
    follow(context, client, runId, { interrupted, json }),
  );
  report(context, options, run);
  conclude(run);
}

function whatToDo(run: Run, now: number): string[] {
  const advice = adviceFor(run, now);
  if (advice !== null) return [adviceText(advice)];
  if (run.waitingUntil !== undefined) return [howToFollow(run)];
  if (run.status !== "canceled" && run.status !== "maxReached") return [];
  return [`\`${resumeCommand(run)}\` goes on where it stopped.`];
}

function runDetails(run: Run): string {
  const { maxSessions: max, ratePerSecond: rate, archiveFile: file } = run;
  const bounds = [
    ...(max === undefined ? [] : [`at most ${countOf(max, "session")}`]),
    ...(rate === undefined ? [] : [`at most ${formatNumber(rate)} a second`]),
    ...(file === undefined ? [] : [`archived to ${printable(file)}`]),
    ...(run.inWindow ? ["in its schedule's window"] : []),
  ];
  const events = [
    ...run.errors.map(({ at, message, sessionId = "" }) => ({
      at,
      text: `${sessionId} ${printable(message)}`,
    })),
    ...(run.resumes ?? []).map(({ at, actor, reason }) => ({
      at,
      text: printable(
        ` Resumed by ${actor}${reason === undefined ? "" : `: ${reason}`}`,
      ),
    })),
  ];
  return [
    ...(bounds.length === 0 ? [] : [`Bounds: ${bounds.join(", ")}`]),
    ...(deletes(run.kind)
      ? [
          `Deleted: ${countOf(run.sessions, "session")}, ${countOf(run.visits ?? 0, "visit")}, ${countOf(run.actions, "action")}`,
        ]
      : []),
    ...(run.filter === undefined
      ? []
      : [
          `Sessions: ${printable(filterText(run.filter))}; none created after ${formatTime(run.cutoff)}`,
        ]),
    ...(run.blockedUntil === undefined
      ? []
      : [`Blocked: ${blockedText(blockedUntilJson(run.blockedUntil))}`]),
    ...(run.kind === "end"
      ? [
          `Ended: ${countOf(run.sessions, "session")}, ${countOf(run.leases, "visit")} under way`,
        ]
      : []),
    ...(run.cutoffs === undefined
      ? []
      : [`Of sessions that stay: ${ownCutoffsText(run.cutoffs)}`]),
    `Trigger: ${run.trigger}; reason: ${printable(run.reason ?? "-")}; set aside: ${run.quarantined}`,
    run.finishedAt === undefined
      ? `Last page: ${formatTime(run.progressAt)}, ${tookText(run)} after its start`
      : `Finished: ${formatTime(run.finishedAt)}, after ${tookText(run)}`,
    ...events
      .sort((a, b) => a.at - b.at)
      .map(({ at, text }) => `${formatTime(at)} ${text}`),
  ].join("\n");
}
