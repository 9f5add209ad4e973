import { randomUUID } from "node:crypto";
import type { RunKind, RunStatus } from "../../convex/sessionTracker/shared.js";
import type { CliContext } from "../context.js";
import { runBudget, type BudgetOptions } from "./budget.js";
import type { Run } from "./api.js";
import type { ComponentClient } from "./client.js";
import type { Connection, GlobalOptions } from "./connect.js";
import { toRunResult } from "./convert.js";
import { CliError, isUnreachable, mayBeDone } from "./errors.js";
import { untilInterrupted } from "./interrupt.js";
import { countOf, note, print, printJson } from "./output.js";
import { previewPurge } from "./purgePreview.js";
import { startProgress } from "./progress.js";
import type { RunResultJson } from "../shapes.js";
import { shellCommand } from "./shell.js";
import { printable } from "./printable.js";
import { formatDuration, formatTime, iso } from "./time.js";

const POLL_MS = 250;

export interface FollowOptions extends GlobalOptions, BudgetOptions {
  readonly detach?: boolean;
}

export interface RunRequest {
  kind: RunKind;
  /** Left out: the settings decide. */
  cutoff?: number;
  reason?: string | undefined;
  /** Sessions it will handle, for the progress bar. */
  expected: number;
}

/** Starts a run, follows it to its end unless told to detach, and prints what it did. */
export function startAndFollow(
  context: CliContext,
  { client }: Connection,
  options: FollowOptions,
  { expected, ...request }: RunRequest,
): Promise<void> {
  // Also while it is started: then there is a run that somebody has to know of.
  return untilInterrupted(context, client, async (interrupted) => {
    const started = await start(context, client, options, request).catch(
      (error: unknown): never => {
        throw isUnreachable(error)
          ? notStarted(error, interrupted.aborted)
          : error;
      },
    );
    const isOther = started.status === "alreadyRunning";
    if (isOther) {
      await checkMoves(client, started.runId);
      note(
        context,
        `Run ${started.runId} is already running, with its own cutoff: ${formatTime(started.cutoff)}. Only one ${request.kind} runs at a time; following that one.`,
      );
    }
    const run = options.detach
      ? await readRun(client, started.runId)
      : await follow(
          context,
          client,
          started.runId,
          { total: expected },
          { ...options, interrupted },
        );
    report(context, options, run, isOther ? { alreadyRunning: true } : {});
    conclude(run);
    const asked = request.cutoff;
    if (!isOther || asked === undefined || run.cutoff >= asked) return;
    const { sessions } = await previewPurge(client, asked);
    if (sessions > 0) {
      throw new CliError(
        "failure",
        `The run that was followed had an earlier cutoff, so ${countOf(sessions, "session")} last active from ${formatTime(run.cutoff)} to ${formatTime(asked)} ${sessions === 1 ? "is" : "are"} still there. Repeat the command${options.detach ? " when it has finished" : ""}.`,
      );
    }
  });
}

function start(
  context: CliContext,
  client: ComponentClient,
  options: BudgetOptions,
  { reason, ...what }: Omit<RunRequest, "expected">,
) {
  return client.mutation(
    "runs:start",
    {
      ...what,
      ...(reason === undefined ? {} : { reason }),
      ...runBudget(options),
      actor: context.actor,
      trigger: "operator",
      // The same token names the same run, so that a lost answer does not start a second one.
      token: randomUUID(),
    },
    { repeatable: true },
  );
}

/** One that archives moves only while somebody writes its file, which may be nobody any more. */
async function checkMoves(
  client: ComponentClient,
  runId: string,
): Promise<void> {
  const run = await readRun(client, runId);
  if (run.archiveFile === undefined) return;
  throw new CliError(
    "failure",
    `Run ${runId} is already running, and only one purge runs at a time. ${howToFollow(run)} Then repeat the command.`,
  );
}

/** Polls a run until it ends. Ctrl-C detaches; it never stops the run. */
export async function follow(
  context: CliContext,
  client: ComponentClient,
  runId: string,
  sessions: { total: number; before?: number },
  { interrupted, json }: { interrupted: AbortSignal; json?: boolean },
): Promise<Run> {
  const progress = await startProgress(context, {
    ...sessions,
    unit: "sessions",
    enabled: !json,
  });
  try {
    for (;;) {
      const run = await pollRun(client, runId, interrupted);
      progress.update(run.sessions, run.ratePerSecond);
      if (run.status !== "running") return run;
      await context.sleep(POLL_MS, interrupted);
      if (interrupted.aborted) throw detached(run);
    }
  } finally {
    progress.stop();
  }
}

/** A deployment that restarts in the middle of a run is back within seconds, and so is the run. */
async function pollRun(
  client: ComponentClient,
  runId: string,
  interrupted: AbortSignal,
): Promise<Run> {
  try {
    return await readRun(client, runId);
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    if (interrupted.aborted) throw detached({ runId });
    throw new CliError(
      "unreachable",
      `${error.message}\nThe run goes on without this command; see it with \`sessions-ops runs watch ${runId}\`.`,
      { cause: error },
    );
  }
}

export async function readRun(
  client: ComponentClient,
  runId: string,
): Promise<Run> {
  const run = await client.query("runs:get", { runId });
  if (run) return run;
  throw new CliError(
    "failure",
    `There is no run ${JSON.stringify(runId)}. \`sessions-ops runs list\` shows those there are; finished ones are trimmed after a while.`,
  );
}

/** Prints what a run did, or is doing. */
export function report(
  context: CliContext,
  options: GlobalOptions,
  run: Run,
  more: Pick<RunResultJson, "alreadyRunning" | "archive"> = {},
): void {
  if (options.json) {
    printJson(context, { ...toRunResult(run), ...more });
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

/** Nothing is due: no run, and for programs the shape of one that did nothing. */
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
    actions: 0,
    quarantined: 0,
    pages: 0,
  } satisfies RunResultJson);
}

/** Throws what the exit code has to say about how a run ended. */
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
  const verb = run.kind === "purge" ? "deleted" : "expired";
  const actions =
    run.kind === "purge" ? ` and ${countOf(run.actions, "action")}` : "";
  const done = `${verb} ${countOf(run.sessions, "session")}${actions}`;
  const state = `Run ${run.runId} ${STATUS_TEXT[run.status]}`;
  const tookMs = (run.finishedAt ?? run.progressAt) - run.startedAt;
  const pages = `${countOf(run.pages, "page")} in ${tookMs < 1_000 ? `${tookMs} ms` : formatDuration(tookMs)}`;
  return `${state}: ${done}; ${pages}; cutoff ${formatTime(run.cutoff)}.`;
}

/** Behind "Run RUN_ID". */
export const STATUS_TEXT: Record<RunStatus, string> = {
  running: "is running",
  completed: "completed",
  failed: "failed",
  canceled: "canceled",
  maxReached: "reached its maximum",
};

function detached(run: FollowedRun): CliError {
  return new CliError("cancelled", `Detached. ${howToFollow(run)}`);
}

function notStarted(cause: CliError, isInterrupted: boolean): CliError {
  const code = isInterrupted ? "cancelled" : cause.code;
  const what = isInterrupted
    ? "Interrupted before the deployment answered."
    : cause.message;
  const [separator, then] = mayBeDone(cause)
    ? [
        isInterrupted ? " " : "\n",
        "Whether the run was started is not known; `sessions-ops runs list` says, and `sessions-ops runs cancel RUN_ID` stops it.",
      ]
    : [" ", "No run was started."];
  return new CliError(code, `${what}${separator}${then}`, { cause });
}

type FollowedRun = Pick<Run, "runId" | "archiveFile">;

function howToFollow(run: FollowedRun): string {
  const { runId, archiveFile: file } = run;
  const goesOn =
    file === undefined
      ? "The run goes on"
      : `The run goes on as long as whoever writes ${printable(file)} does`;
  return `${goesOn}: \`sessions-ops runs watch ${runId}\` follows it, \`sessions-ops runs cancel ${runId}\` stops it before its next page, \`${resumeCommand(run)}\` goes on after that.`;
}

export function resumeCommand({ runId, archiveFile }: FollowedRun): string {
  const archive = archiveFile === undefined ? [] : ["--archive", archiveFile];
  return shellCommand("sessions-ops", "runs", "resume", runId, ...archive);
}
