import { randomUUID } from "node:crypto";
import type { RunKind } from "../../convex/sessionTracker/shared.js";
import type { CliContext } from "../context.js";
import type { Run } from "./api.js";
import type { ComponentClient } from "./client.js";
import type { Connection, GlobalOptions } from "./connect.js";
import { toRunResult } from "./convert.js";
import { CliError } from "./errors.js";
import { countOf, note, print, printJson } from "./output.js";
import { startProgress } from "./progress.js";
import type { RunResultJson } from "../shapes.js";
import { formatDuration, formatTime, iso } from "./time.js";

const POLL_MS = 250;
/** Polls that may get no answer in a row: half a minute. */
const MAX_LOST_POLLS = 120;

export interface FollowOptions extends GlobalOptions {
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
export async function startAndFollow(
  context: CliContext,
  { client }: Connection,
  options: FollowOptions,
  { expected, ...request }: RunRequest,
): Promise<void> {
  const { reason, ...what } = request;
  const started = await client.mutation(
    "runs:start",
    {
      ...what,
      ...(reason === undefined ? {} : { reason }),
      actor: context.actor,
      trigger: "operator",
      // The same token names the same run, so that a lost answer does not start a second one.
      token: randomUUID(),
    },
    { repeatable: true },
  );
  const isOther = started.status === "alreadyRunning";
  if (isOther) {
    note(
      context,
      `Run ${started.runId} is already running, with its own cutoff: ${formatTime(started.cutoff)}. Only one ${request.kind} runs at a time; following that one.`,
    );
  }
  const run = options.detach
    ? await readRun(client, started.runId)
    : await follow(context, client, started.runId, expected, options);
  report(context, options, run, isOther);
  conclude(run);
  const asked = request.cutoff;
  if (isOther && asked !== undefined && run.cutoff < asked) {
    throw new CliError(
      "failure",
      `The run that was followed had an earlier cutoff, so sessions from ${formatTime(run.cutoff)} to ${formatTime(asked)} are still there. Repeat the command${options.detach ? " when it has finished" : ""}.`,
    );
  }
}

/** Polls a run until it ends. Ctrl-C detaches; it never stops the run. */
export async function follow(
  context: CliContext,
  client: ComponentClient,
  runId: string,
  expected: number,
  options: GlobalOptions,
): Promise<Run> {
  const interrupted = new AbortController();
  const stopListening = context.onInterrupt(() => interrupted.abort());
  const progress = await startProgress(context, {
    total: expected,
    unit: "sessions",
    enabled: !options.json,
  });
  try {
    for (;;) {
      const run = await pollRun(context, client, runId, interrupted.signal);
      progress.update(run.sessions);
      if (run.status !== "running") return run;
      await context.sleep(POLL_MS, interrupted.signal);
      if (interrupted.signal.aborted) throw detached(runId);
    }
  } finally {
    progress.stop();
    stopListening();
  }
}

/** A deployment that restarts in the middle of a run is back within seconds, and so is the run. */
async function pollRun(
  context: CliContext,
  client: ComponentClient,
  runId: string,
  interrupted: AbortSignal,
): Promise<Run> {
  for (let lost = 0; ; lost += 1) {
    try {
      return await readRun(client, runId);
    } catch (error) {
      const isLost = error instanceof CliError && error.code === "unreachable";
      if (!isLost) throw error;
      if (interrupted.aborted) throw detached(runId);
      if (lost === MAX_LOST_POLLS) {
        throw new CliError(
          "unreachable",
          `${error.message}\nThe run goes on without this command; see it with \`sessions-ops runs watch ${runId}\`.`,
        );
      }
      if (lost === 0) note(context, `${error.message}\nTrying again …`);
      await context.sleep(POLL_MS, interrupted);
    }
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
  alreadyRunning = false,
): void {
  if (options.json) {
    printJson(context, {
      ...toRunResult(run),
      ...(alreadyRunning ? { alreadyRunning } : {}),
    });
    return;
  }
  print(context, summary(run));
  if (run.status === "running") note(context, howToFollow(run.runId));
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
      return;
    case "failed":
      throw new CliError(
        "runFailed",
        `Run ${run.runId} failed: ${run.errors.at(-1)?.message ?? "no reason was recorded"}\nWhat it did stays done. \`sessions-ops runs resume ${run.runId}\` goes on where it stopped.`,
      );
    case "canceled":
      throw new CliError(
        "cancelled",
        `Run ${run.runId} was canceled. What it did stays done. \`sessions-ops runs resume ${run.runId}\` goes on where it stopped.`,
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
  const state = `Run ${run.runId} ${run.status === "running" ? "is running" : run.status}`;
  const tookMs = (run.finishedAt ?? run.progressAt) - run.startedAt;
  const pages = `${countOf(run.pages, "page")} in ${tookMs < 1_000 ? `${tookMs} ms` : formatDuration(tookMs)}`;
  return `${state}: ${done}; ${pages}; cutoff ${formatTime(run.cutoff)}.`;
}

function detached(runId: string): CliError {
  return new CliError("cancelled", `Detached. ${howToFollow(runId)}`);
}

function howToFollow(runId: string): string {
  return `The run goes on: \`sessions-ops runs watch ${runId}\` follows it, \`sessions-ops runs cancel ${runId}\` stops it.`;
}
