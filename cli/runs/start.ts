/** Starting a run and following it to its end. */
import { randomUUID } from "node:crypto";
import type { CliContext } from "../context.js";
import type { Args, Returns, Run } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { byDeploymentClock } from "../deployment/clock.js";
import type { Connection, GlobalOptions } from "../deployment/connect.js";
import { CliError, isUnreachable, mayBeDone } from "../errors.js";
import { untilInterrupted } from "../terminal/interrupt.js";
import { note } from "../terminal/output.js";
import { adviceText, countOf } from "../terminal/words.js";
import { previewPurge } from "../purges/preview.js";
import { printable } from "../terminal/printable.js";
import { filterText } from "../many/filter.js";
import { formatTime } from "../time/time.js";
import type { OwnCutoffs } from "../../convex/sessionTracker/shared/runs/run.js";
import type { RunKind } from "../../convex/sessionTracker/shared/runs/kinds.js";
import { isFiltered } from "./kinds.js";
import { runBounds, type BoundsOptions } from "./bounds.js";
import { adviceFor } from "./advice.js";
import { follow, readRun } from "./follow.js";
import { conclude, howToFollow, report } from "./report.js";

export interface FollowOptions extends GlobalOptions, BoundsOptions {
  readonly detach?: boolean;
}

export interface RunRequest {
  kind: RunKind;
  /** The cutoff; left out where the settings decide. */
  cutoff?: number;
  /** The cutoffs of visits and actions that were looked at; left out where the settings decide. */
  cutoffs?: OwnCutoffs;
  /** The deployment's time from which that cutoff was reckoned; left out where an operator named it. */
  reckonedAt?: number | undefined;
  /** The revision of the settings that were looked at. */
  expectedRevision?: number;
  /** Which sessions an `end` or a `forget` takes. */
  filter?: NonNullable<Run["filter"]>;
  block?: NonNullable<Args<"runs/control:start">["block"]>;
  reason?: string | undefined;
  /** The number of sessions before the cutoff; left out where they were not counted to the end. */
  expected?: number | undefined;
}

/** Starts a run, follows it to its end unless told to detach, and prints what it did. */
export function startAndFollow(
  context: CliContext,
  { client }: Connection,
  options: FollowOptions,
  request: RunRequest,
): Promise<void> {
  // Interrupts count from before the start: of a run that has started, somebody has to know.
  return untilInterrupted(context, client, async (interrupted) => {
    const started = await start(context, client, options, request).catch(
      (error: unknown): never => {
        throw isUnreachable(error)
          ? notStarted(error, interrupted.aborted)
          : error;
      },
    );
    const isOther = started.status === "alreadyRunning";
    if (isOther) await noteOther(context, client, request, started);
    const { runId } = started;
    const run = options.detach
      ? await readRun(client, runId)
      : await follow(context, client, runId, {
          ...options,
          interrupted,
          mayLeave: true,
        });
    report(context, options, run, isOther ? { alreadyRunning: true } : {});
    conclude(run);
    if (!isOther) return;
    const isLeft = run.status === "running" && !options.detach;
    // Who asked for no window wants it done now.
    if (isLeft && !options.inWindow) {
      throw await busyWithOther(context, client, run);
    }
    await checkReach(context, client, request, run);
  });
}

function start(
  context: CliContext,
  client: ComponentClient,
  options: BoundsOptions,
  { reason, expected, reckonedAt: _, ...what }: RunRequest,
) {
  return client.mutation(
    "runs/control:start",
    {
      ...what,
      ...(reason === undefined ? {} : { reason }),
      ...(expected === undefined ? {} : { expected }),
      ...runBounds(options),
      actor: context.actor,
      trigger: "operator",
      // The same token names the same run, so that a lost answer does not start a second one.
      token: randomUUID(),
    },
    { repeatable: true },
  );
}

/**
 * Says that another run is followed. One that archives moves only while somebody writes its file, which
 * may be nobody any more.
 */
async function noteOther(
  context: CliContext,
  client: ComponentClient,
  { kind }: RunRequest,
  { runId, cutoff }: Returns<"runs/control:start">,
): Promise<void> {
  const run = await readRun(client, runId);
  if (run.archiveFile !== undefined || isFiltered(kind)) {
    throw await busyWithOther(context, client, run);
  }
  note(
    context,
    `Run ${runId} is already running, with its own cutoff: ${formatTime(cutoff)}. Only one ${kind} runs at a time; following that one.`,
  );
}

/** The error while another run is under way that does something else: who started it, what it waits for, the ways out. */
export async function busyWithOther(
  context: CliContext,
  client: ComponentClient,
  run: Run,
): Promise<CliError> {
  const there = await byDeploymentClock(context, client);
  const advice = adviceFor(run, there.now());
  const then = advice === null ? howToFollow(run) : adviceText(advice);
  const which =
    run.filter === undefined
      ? ""
      : `, with a filter of its own (${printable(filterText(run.filter))})`;
  return new CliError(
    "failure",
    `Run ${run.runId} is already running, started by ${printable(run.actor)}${which}, and only one ${run.kind} runs at a time. ${then} Then repeat the command.`,
  );
}

/**
 * Checks whether another's run does what was asked for. One that was started for as many days does: sessions
 * that have fallen due since it started are the next one's.
 */
async function checkReach(
  context: CliContext,
  client: ComponentClient,
  { cutoff, reckonedAt }: RunRequest,
  run: Run,
): Promise<void> {
  if (cutoff === undefined || run.cutoff >= cutoff) return;
  if (reckonedAt !== undefined) {
    // A cutoff is in whole milliseconds.
    const isAsOld = run.startedAt - run.cutoff <= reckonedAt - cutoff + 1;
    if (isAsOld) {
      return note(
        context,
        "It was asked for with the same number of days or fewer; what has fallen due since it started is left to the next purge.",
      );
    }
  }
  const range = { from: run.cutoff, cutoff };
  const { sessions } = await previewPurge(client, range);
  if (sessions === 0) return;
  const goesOn = run.status === "running";
  const verb = goesOn
    ? `${sessions === 1 ? "is" : "are"} not among those it takes`
    : `${sessions === 1 ? "is" : "are"} still there`;
  throw new CliError(
    "failure",
    `The run that was followed had an earlier cutoff, so ${countOf(sessions, "session")} last active from ${formatTime(run.cutoff)} to ${formatTime(cutoff)} ${verb}. Repeat the command${goesOn ? " when it has finished" : ""}.`,
  );
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
