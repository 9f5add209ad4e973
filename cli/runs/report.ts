/** Reports on a run once somebody has looked at it, started it, or followed it to its end. */
import type { CliContext } from "../context.js";
import { type RunResultJson, toRunResultJson } from "../json/run.js";
import type { Run } from "../deployment/api.js";
import type { GlobalOptions } from "../deployment/connect.js";
import { CliError } from "../errors.js";
import { note, print, printJson } from "../terminal/output.js";
import { countOf } from "../terminal/words.js";
import { printable } from "../terminal/printable.js";
import { formatDuration, formatTime, iso } from "../time/time.js";
import type { RunStatus } from "../../convex/sessionTracker/shared/runs/run.js";
import type { RunKind } from "../../convex/sessionTracker/shared/runs/kinds.js";
import { deletes, whichText } from "./kinds.js";
import { cancelCommand, resumeCommand } from "./advice.js";

/** Prints what a run did, or is doing. */
export function report(
  context: CliContext,
  options: GlobalOptions,
  run: Run,
  more: Pick<RunResultJson, "alreadyRunning" | "archive" | "changed"> = {},
): void {
  if (options.json) {
    printJson(context, { ...toRunResultJson(run), ...more });
    return;
  }
  print(context, summary(run));
  if (run.status === "running") note(context, howToFollow(run));
  if (run.status === "maxReached") {
    note(
      context,
      `It has done its maximum. \`${resumeCommand(run)}\` goes on with ${countOf(run.maxSessions ?? 0, "session")} more.`,
    );
  }
  if (run.quarantined > 0) {
    note(
      context,
      `${countOf(run.quarantined, "session")} failed alone and stay as they were; \`sessions-ops runs show ${run.runId}\` says why.`,
    );
  }
}

/** Reports that nothing is due: no run, and for programs the shape of a run that did nothing. */
export function reportNothing(
  context: CliContext,
  options: GlobalOptions,
  kind: RunKind,
  cutoff: number,
): void {
  if (!options.json) {
    return print(context, `Nothing to ${kind}; no run started.`);
  }
  printJson(context, {
    runId: null,
    status: "completed",
    cutoff: iso(cutoff),
    sessions: 0,
    visits: 0,
    actions: 0,
    quarantined: 0,
    pages: 0,
    waitingUntil: null,
  } satisfies RunResultJson);
}

/** Throws the error that gives the exit code for how a run ended. */
export function conclude(run: Run): void {
  switch (run.status) {
    case "running":
    case "completed":
    case "maxReached":
      return;
    case "failed":
      throw new CliError(
        "runFailed",
        `Run ${run.runId} failed: ${printable(run.errors.at(-1)?.message ?? "no reason was recorded")}\nWhat it did stays done. \`${resumeCommand(run)}\` goes on where it stopped.`,
      );
    case "canceled":
      throw new CliError(
        "cancelled",
        `Run ${run.runId} was canceled. What it did stays done. \`${resumeCommand(run)}\` goes on where it stopped.`,
      );
    default:
      run.status satisfies never;
  }
}

function summary(run: Run): string {
  const { kind, visits = 0, actions, cutoffs } = run;
  const ofVisits =
    visits === 0 && cutoffs === undefined
      ? ""
      : `, ${countOf(visits, "visit")}`;
  const rows = deletes(kind)
    ? `${ofVisits} and ${countOf(actions, "action")}`
    : "";
  const done = `${DONE_TEXT[kind]} ${countOf(run.sessions, "session")}${rows}`;
  const state = `Run ${run.runId} ${STATUS_TEXT[run.status]}`;
  const pages = `${countOf(run.pages, "page")} in ${tookText(run)}`;
  return `${state}: ${done}; ${pages}; ${printable(whichText(run))}.`;
}

/** The time from a run's start to its end, or to its last page so far; stops in between count. */
export function tookText(
  run: Pick<Run, "startedAt" | "progressAt" | "finishedAt">,
): string {
  const tookMs = (run.finishedAt ?? run.progressAt) - run.startedAt;
  return tookMs < 1_000 ? `${tookMs} ms` : formatDuration(tookMs);
}

/** The way to follow a run, as the beginning of a sentence or after one. */
export function howToFollow(
  run: Pick<Run, "runId" | "archiveFile" | "waitingUntil">,
): string {
  const { runId, archiveFile: file, waitingUntil } = run;
  if (waitingUntil !== undefined) {
    return `${waitText(waitingUntil)}: \`sessions-ops runs watch ${runId}\` follows it, \`${resumeCommand(run)}\` lets it go on at once, \`${cancelCommand(run)}\` stops it.`;
  }
  const goesOn =
    file === undefined
      ? "The run goes on"
      : `The run goes on as long as whoever writes ${printable(file)} does`;
  return `${goesOn}: \`sessions-ops runs watch ${runId}\` follows it, \`${cancelCommand(run)}\` stops it before its next page, \`${resumeCommand(run)}\` goes on after that.`;
}

/** What a run waits for, as the beginning of a sentence. */
function waitText(waitingUntil: number): string {
  return `The run waits for its window, which opens at ${formatTime(waitingUntil)}`;
}

/** What a run of the kind does to sessions, in words. */
const DONE_TEXT: Record<RunKind, string> = {
  expire: "expired",
  purge: "deleted",
  end: "ended",
  forget: "erased",
};

/** The status of a run in words, to stand behind "Run RUN_ID". */
export const STATUS_TEXT: Record<RunStatus, string> = {
  running: "is running",
  completed: "completed",
  failed: "failed",
  canceled: "canceled",
  maxReached: "reached its maximum",
};
